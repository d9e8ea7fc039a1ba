#  -*- mode: python; -*-
# as xmexample.hvm of Xen 3 was

import os, re
arch = os.uname()[4]
if re.search('64', arch):
    arch_libdir = 'lib64'
else:
    arch_libdir = 'lib'

kernel = "/usr/lib/xen/boot/hvmloader"
builder='hvm'
memory = 2 * 64
shadow_memory = 8
name = "ExampleHVMDomain"
vcpus=1
pae=1
acpi=1
apic=True
cpus = ["0", "1-2"]
vif = [ 'type=ioemu, mac=00:16:3e:00:00:12, bridge=xenbr0, model=ne2k_pci' ]
disk = [ 'file:/var/images/min-el3-i386.img,hda,w', ',hdc:cdrom,r' ]
on_poweroff = 'destroy'
on_reboot   = 'restart'
on_crash    = 'preserve'
device_model = '/usr/' + arch_libdir + '/xen/bin/qemu-dm'
boot="cda"
sdl=0
vnc=1
vncpasswd='secret'
stdvga=0
serial='pty'
usbdevice='tablet'
keymap='ja'
