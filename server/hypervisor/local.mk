# SPDX-License-Identifier: LGPL-2.1-or-later
# server/hypervisor/local.mk – the adapters; a new file (.c, .h or .def) is one line

noinst_LIBRARIES += libhypervisor.a
libhypervisor_a_SOURCES =
libhypervisor_a_SOURCES += %D%/adapter.h
libhypervisor_a_SOURCES += %D%/adapters.c
libhypervisor_a_SOURCES += %D%/adapters.def
libhypervisor_a_SOURCES += %D%/cpuinfo.c
libhypervisor_a_SOURCES += %D%/cpuinfo.h
libhypervisor_a_SOURCES += %D%/description.c
libhypervisor_a_SOURCES += %D%/description.h
libhypervisor_a_SOURCES += %D%/domain.c
libhypervisor_a_SOURCES += %D%/domain.h
libhypervisor_a_SOURCES += %D%/filter.c
libhypervisor_a_SOURCES += %D%/filter.h
libhypervisor_a_SOURCES += %D%/host.h
libhypervisor_a_SOURCES += %D%/hypervisor.c
libhypervisor_a_SOURCES += %D%/hypervisor.h
libhypervisor_a_SOURCES += %D%/interfaces.c
libhypervisor_a_SOURCES += %D%/interfaces.h
libhypervisor_a_SOURCES += %D%/nic.h
libhypervisor_a_SOURCES += %D%/none.c
libhypervisor_a_SOURCES += %D%/ops.def
libhypervisor_a_SOURCES += %D%/scheduling.c
libhypervisor_a_SOURCES += %D%/scheduling.h
libhypervisor_a_SOURCES += %D%/simulator.c
libhypervisor_a_SOURCES += %D%/simulator.h
libhypervisor_a_SOURCES += %D%/simulator_build.c
libhypervisor_a_SOURCES += %D%/simulator_command.c
libhypervisor_a_SOURCES += %D%/simulator_console.c
libhypervisor_a_SOURCES += %D%/simulator_control.c
libhypervisor_a_SOURCES += %D%/simulator_describe.c
libhypervisor_a_SOURCES += %D%/simulator_fault.c
libhypervisor_a_SOURCES += %D%/simulator_guest.c
libhypervisor_a_SOURCES += %D%/simulator_keys.c
libhypervisor_a_SOURCES += %D%/simulator_lifecycle.c
libhypervisor_a_SOURCES += %D%/simulator_signal.c
libhypervisor_a_SOURCES += %D%/simulator_live.c
libhypervisor_a_SOURCES += %D%/simulator_device.c
libhypervisor_a_SOURCES += %D%/simulator_disk.c
libhypervisor_a_SOURCES += %D%/simulator_nic.c
libhypervisor_a_SOURCES += %D%/simulator_ops.h
libhypervisor_a_SOURCES += %D%/simulator_state.c

if HAVE_XEN
libhypervisor_a_SOURCES += %D%/xen.c
libhypervisor_a_SOURCES += %D%/xen.h
libhypervisor_a_SOURCES += %D%/xen_bridge.c
libhypervisor_a_SOURCES += %D%/xen_build.c
libhypervisor_a_SOURCES += %D%/xen_config.c
libhypervisor_a_SOURCES += %D%/xen_console.c
libhypervisor_a_SOURCES += %D%/xen_describe.c
libhypervisor_a_SOURCES += %D%/xen_domain.c
libhypervisor_a_SOURCES += %D%/xen_event.c
libhypervisor_a_SOURCES += %D%/xen_guest.c
libhypervisor_a_SOURCES += %D%/xen_host.c
libhypervisor_a_SOURCES += %D%/xen_image.c
libhypervisor_a_SOURCES += %D%/xen_libxl.c
libhypervisor_a_SOURCES += %D%/xen_lifecycle.c
libhypervisor_a_SOURCES += %D%/xen_signal.c
libhypervisor_a_SOURCES += %D%/xen_live.c
libhypervisor_a_SOURCES += %D%/xen_disk.c
libhypervisor_a_SOURCES += %D%/xen_nic.c
libhypervisor_a_SOURCES += %D%/xen_ops.h
libhypervisor_a_SOURCES += %D%/xen_schedule.c
libhypervisor_a_SOURCES += %D%/xen_store.c
endif
