#  -*- mode: python; -*-
# Python configuration for 'xm create', as xmexample1 of Xen 3 was

kernel = "/boot/vmlinuz-2.6.10-xenU"
#ramdisk = "/boot/initrd.gz"
builder='linux'
memory = 64
name = "ExampleDomain"
cpus = ""         # leave to Xen to pick
vcpus = 1
vif = [ 'mac=00:16:3e:00:00:11, bridge=xenbr0' ]
disk = [ 'phy:hda1,hda1,w' ]
dhcp="dhcp"
netmask='255.255.255.0'
hostname= "vm%d" % 7
root = "/dev/hda1 ro"
extra = "4"
on_poweroff = 'destroy'
on_reboot   = 'restart'
on_crash    = 'restart'
