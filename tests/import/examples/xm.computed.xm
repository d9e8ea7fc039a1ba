# what people wrote: one file for many guests
vmid = 3
prefix = 'web'
name = "%s-%02d" % (prefix, vmid)
name = prefix + '-%d' % vmid
memory = 256
maxmem = 2 * 256
vcpus = 2; cpu_weight = 512
kernel = r'/boot/vmlinuz'
ramdisk = """/boot/initrd"""
extra = ('console=hvc0 '
         'quiet')
root = '/dev/xvda1'
disk = ['phy:/dev/vg/%s,xvda,w' % name,
        # swap
        'phy:/dev/vg/' + name + '-swap,xvdb,w']
vif = ['bridge=xenbr%d' % 1] + ['']
vif += ['mac=00:16:3e:00:00:03']
on_xend_start = 'start'
on_xend_stop = 'shutdown'
vfb = [dict(type='vnc', vncunused=1)]
bootargs = None
limits = {'a': 1}
def double(x):
    return 2 * x
for i in range(2): extra += ' x%d' % i
LOUD = True
