import os
name = "x"
memory = os.getpid()
