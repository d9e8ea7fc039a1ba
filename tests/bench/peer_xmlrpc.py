# SPDX-License-Identifier: LGPL-2.1-or-later
"""peer_xmlrpc.py – what a script would use instead: Python's own xmlrpc.server, with the same answers.

    python3 peer_xmlrpc.py FILE                    # JSON, method → its Value; prints its port
"""
import json
import socketserver
import sys
import xmlrpc.server


class Handler(xmlrpc.server.SimpleXMLRPCRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept
    disable_nagle_algorithm = True
    rpc_paths = ("/",)


class Peer(socketserver.ThreadingMixIn, xmlrpc.server.SimpleXMLRPCServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_):
        """A client that has left."""


def answer_with(value):
    return lambda *_: {"Status": "Success", "Value": value}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        values = json.load(file)
    with Peer(("127.0.0.1", 0), Handler, logRequests=False, allow_none=True) as server:
        for method, value in values.items():
            server.register_function(answer_with(value), method)
        print(server.server_address[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
