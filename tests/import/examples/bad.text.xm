import os
name = "x
memory = 4
