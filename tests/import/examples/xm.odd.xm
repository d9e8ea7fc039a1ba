# texts as Python has them
name = 'odd' 'ity'
memory = 0x40
import sys
quoted = 'it\'s "one"\tline\n'
bell = '\a'
latin = 'caf\xe9'
octal = '\101'
deep = [['a', 1], ('b',)]
nothing = None
kernel = u'/boot/x'
extra = 'a' \
        'b'
