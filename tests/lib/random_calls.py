# SPDX-License-Identifier: LGPL-2.1-or-later
"""random_calls.py – calls of every message that changes something, with random arguments: many of them can be done, many not.

    calls = Calls(host, random.Random(seed))
    name, arguments = calls.next()
    calls.missing()                                # messages that have not been drawn yet
"""
from lib.api import NULL_REF, Api, nowhere
from lib.host import MIB
from lib.world import answer

MEMORY = [str(n * MIB) for n in (16, 64, 128, 256, 384, 512, 700)]
COUNTS = ["0", "1", "2", "3", "4", "6"]
TEXTS = ["", "a", "b"]
SIZES = ["0", "1", str(MIB), str(MIB), str(2 * MIB), str(3 * MIB), str(1 << 62)]
FLAGS = [True, False]
DISKS = [f'<provision><disk device="{device}" size="{size}" sr="" bootable="false" type="system"/></provision>'
         for device, size in (("0", MIB), ("7", 512), ("", "x"))]
# Values of setters that do not take every value of their type, or that take time for others.
VALUES = {"start_delay": ["-1", "0"], "shutdown_delay": ["-1", "0"], "order": ["-1", "0", "1"], "VCPUs_max": COUNTS, "VCPUs_at_startup": COUNTS,
          "MTU": ["1400", "1500", "1"], "device": ["0", "1", "x", "300"], "userdevice": ["autodetect", "3", "x"],
          "MAC": ["", "00:16:3e:00:00:01", "x"], "ipv4_allowed": [[], ["192.0.2.1"], ["x"]], "ipv6_allowed": [[], ["fe80::1"]],
          "HVM_boot_policy": ["", "BIOS order"], "HVM_shadow_multiplier": [0.5, 1.0, 2.0], "virtual_size": SIZES,
          "blocked_operations": [{}, {}, {}, {"start": "no"}], "VCPUs_params": [{}, {"weight": "300"}, {"weight": "x"}],
          "other_config": [{}, {"k": "v"}, {"disks": DISKS[0]}, {"disks": DISKS[2]}], "progress": [0.5], "is_a_template": FLAGS,
          **{name: MEMORY for name in ("memory_static_max", "memory_dynamic_max", "memory_dynamic_min", "memory_static_min", "memory_target")}}


def no_plan(session, message):
    """Why no plan can be made of it, or None."""
    code, *parts = answer(session.call, "Plan." + message.name, *nowhere(message)) or (None,)
    before, told, reason = parts[0].partition(f"there is no plan of {message.name}: ") if parts else ("", "", "")
    return reason if code == "OPERATION_NOT_ALLOWED" and told and not before else None


class Calls:
    def __init__(self, host, chance):
        self.host, self.chance, self.api = host, chance, Api()
        self.messages = [m for m in self.api.messages if self._has_plan(m)]
        self.waiting = []
        self.drawn = set()
        self.often = [self.start, self.start, self.resume, self.memory, self.memory, self.vcpus, self.map, self.update, self.update,
                      self.power, self.power, self.power, self.power, self.staged]

    def _has_plan(self, message):
        if message.cls == "system" or no_plan(self.host.session, message):
            return False
        return answer(self.host.session.call, "Plan." + message.name, *["x"] * 30)[0] != "MESSAGE_METHOD_UNKNOWN"

    def next(self):
        """Some are of those that are made often; the others are drawn without replacement, setters less often than deeds."""
        if self.chance.random() < 0.4:
            name, arguments = self.chance.choice(self.often)()
        else:
            if not self.waiting:
                several = [m for m in self.messages for _ in range(1 if m.short_name.startswith(SELDOM) else 3)]
                self.waiting = self.chance.sample(several, len(several))
            message = self.waiting.pop()
            name, arguments = message.name, self.arguments(message)
        self.drawn.add(name)
        return name, arguments

    def missing(self):
        return sorted({m.name for m in self.messages} - self.drawn)

    # Objects

    def vm(self):
        """Any, Domain-0 seldom."""
        records = self.host.session.VM.get_all_records()
        refs = [r for r, v in records.items() if not v["is_control_domain"] or self.chance.random() < 0.1]
        return self.chance.choice(refs or list(records))

    def pick(self, cls, wanted=None):
        """One of the class, if there is one that has those fields then one of them."""
        if cls == "VM" and not wanted:
            return self.vm()
        served = self.api.cls_named(cls)
        if not served or not served.is_listed:
            return NULL_REF
        records = self.host.session.call(f"{cls}.get_all_records")
        fitting = [ref for ref, record in records.items() if wanted and all(record[f] == v for f, v in wanted.items())]
        return self.chance.choice(fitting or list(records) or [NULL_REF])

    def location(self):
        return {"location": self.host.server.path(f"sr/images-{self.chance.randrange(6)}" + self.chance.choice(("", "", "", "/deeper/still")))}

    # Arguments

    def arguments(self, message):
        own = getattr(self, f"of_{message.cls}_{message.short_name}", None)
        if own:
            return own()
        if message.short_name == "undo":
            return self.undo(message.cls)
        if message.short_name in ("update", "update_fields") and len(message.parameters) == 3:
            return [self.pick(message.cls), self.some_fields(message.cls), {}]
        return [self.argument(message, parameter) for parameter in message.parameters]

    def argument(self, message, parameter):
        kind, name = parameter.type.kind, parameter.name
        field = message.short_name
        for prefix in ("set_", "add_to_", "remove_from_", "add_", "remove_"):
            field = field.removeprefix(prefix)
        if name == "value" and field in VALUES and message.short_name.startswith("set_"):
            return self.chance.choice(VALUES[field])
        if kind == "ref" and parameter is message.parameters[0]:
            return self.pick(parameter.type.cls, WANTED.get(message.name))
        if kind == "ref":
            return NULL_REF if self.chance.random() < 0.1 else self.pick(parameter.type.cls)
        if name in PARAMETERS:
            return self.chance.choice(PARAMETERS[name])
        return self.value(parameter.type)

    def value(self, type_):
        kind, choice = type_.kind, self.chance.choice
        if kind == "enum":
            return choice(type_.values)
        if kind == "ref":
            return self.pick(type_.cls)
        if kind == "set":
            return choice([[], [self.value(type_.item)]])
        if kind == "map":
            return choice([{}, {str(self.value(type_.key)): self.value(type_.item)}])
        return {"string": choice(TEXTS), "int": choice(["0", "1", "5"]), "bool": choice(FLAGS), "float": choice([0.0, 1.5]),
                "datetime": "20061203T14:05:59Z"}.get(kind, "")

    def some_fields(self, cls):
        served = self.api.cls(cls)
        setters = {m.short_name.removeprefix("set_") for m in served.messages if m.short_name.startswith("set_")}
        fields = [f for f in served.fields if f.short_name in setters]
        chosen = self.chance.sample(fields, min(len(fields), self.chance.randint(1, 3)))
        return {f.short_name: self.chance.choice(VALUES.get(f.short_name) or [self.value(f.type)]) for f in chosen}

    def undo(self, cls):
        entries = self.host.session.call(f"{cls}.history", "", {"limit": "20"})
        entry = self.chance.choice(entries) if entries else {"ref": self.pick(cls), "revision": "1"}
        return [entry["ref"], entry["revision"], {}]

    # Of messages that want a struct, or arguments that fit together

    def of_VM_create(self):
        return [{"name_label": self.chance.choice(TEXTS), "memory_static_max": self.chance.choice(MEMORY),
                 "VCPUs_max": self.chance.choice(COUNTS), "domain_type": "pvh", "affinity": self.chance.choice(("", "nobody"))}]

    def of_VM_create_from_config(self):
        disk = self.chance.choice(("", "disk = ['/nowhere.img,raw,xvda,rw']\n", "vif = ['bridge=xenbr0']\n", "vif = ['bridge=nowhere']\n", "nonsense = = 1\n"))
        return [f"name = '{self.chance.choice(TEXTS)}c'\nmemory = 64\n{disk}"]

    def of_VM_copy(self):
        return [self.vm(), self.chance.choice(TEXTS), self.chance.choice([NULL_REF, self.pick("SR")])]

    def of_VM_snapshot(self):
        return [self.vm(), "shot", self.chance.choice([[], [self.pick("VDI")]])]

    def of_VM_provision(self):
        vm = self.pick("VM", {"power_state": "Halted", "is_a_snapshot": False})
        if self.chance.random() < 0.8:
            self.host.failure("VM.set_other_config", vm, {"disks": self.chance.choice(DISKS)})
            self.host.failure("VM.set_is_a_template", vm, True)
        return [vm]

    def of_VM_set_appliance(self):
        return [self.vm(), self.chance.choice([NULL_REF, self.pick("VM_appliance")])]

    def of_VIF_create(self):
        number = self.chance.choice(("0", "1", "2", "x", "300"))
        return [{"device": number, "VM": self.vm(), "network": self.pick("network")}]

    def of_VBD_create(self):
        if self.chance.random() < 0.4:
            return [{"VM": self.vm(), "type": "CD", "mode": self.chance.choice(("RO", "RW")), "empty": True,
                     "userdevice": self.chance.choice(("autodetect", "3", "x"))}]
        return [{"VM": self.vm(), "VDI": self.pick("VDI"), "userdevice": "autodetect", "mode": self.chance.choice(("RO", "RW")),
                 "unpluggable": True, "type": self.chance.choice(("Disk", "Disk", "CD"))}]

    def of_VDI_create(self):
        disk = {"name_label": "disk", "SR": self.pick("SR"), "virtual_size": self.chance.choice(SIZES), "type": "user"}
        if self.chance.random() < 0.2:
            disk["sm_config"] = {"image-format": self.chance.choice(("qcow2", "vhd"))}
        return [disk]

    def of_VDI_resize(self):
        return [self.pick("VDI"), self.chance.choice(SIZES)]

    def of_VDI_copy(self):
        return [self.pick("VDI"), self.chance.choice([NULL_REF, self.pick("SR")]), NULL_REF, NULL_REF]

    def of_VDI_introduce(self):
        record = {"SR": self.pick("SR"), "location": "nothing.raw"}
        vdi = self.pick("VDI")
        if vdi != NULL_REF and self.chance.random() < 0.7:
            record = self.host.session.VDI.get_record(vdi)
            self.host.failure("VDI.forget", vdi)
        return ["", "found", "", record["SR"], "user", False, False, {}, record["location"]]

    def of_SR_forget(self):
        return [self.pick("SR", {"PBDs": []})]

    def of_VBD_set_type(self):
        return [self.pick("VBD", {"currently_attached": False}), self.chance.choice(("Disk", "CD"))]

    def of_VIF_add_ipv4_allowed(self):
        return [self.pick("VIF"), self.chance.choice(("192.0.2.9", "x"))]

    def of_VIF_add_ipv6_allowed(self):
        return [self.pick("VIF"), self.chance.choice(("fe80::9", "x"))]

    def of_host_shutdown(self):
        self.host.failure("host.disable", self.host.ref)
        for vm in self.host.session.VM.get_all():
            self.host.failure("VM.hard_shutdown", vm)
        return [self.host.ref]

    of_host_reboot = of_host_shutdown

    def unplugged(self, cls, wanted):
        """One of a Running VM that its domain had; mostly."""
        device = self.pick(cls, {"currently_attached": True, **wanted})
        if self.chance.random() < 0.8:
            self.host.failure(f"{cls}.unplug_force", device)
        return [device]

    def of_VIF_plug(self):
        return self.unplugged("VIF", {})

    def of_VBD_plug(self):
        return self.unplugged("VBD", {"empty": False, "type": "Disk"})

    def of_VM_adopt(self):
        """A domain that somebody else made; mostly."""
        if self.chance.random() < 0.2:
            return [self.vm()]
        uuid, _ = self.host.simulator.create("foreign", memory_mib=16)
        while self.host.failure("VM.get_by_uuid", uuid)[0] == "UUID_INVALID":
            pass
        return [self.host.session.VM.get_by_uuid(uuid)]

    def of_SR_create(self):
        return [self.host.ref, self.location(), "0", "files", "", self.chance.choice(("file", "file", "file", "lvm", "x")), "user", False, {}]

    def of_SR_introduce(self):
        return ["", "files", "", self.chance.choice(("file", "x")), "user", False, {}]

    def of_PBD_create(self):
        return [{"host": self.host.ref, "SR": self.pick("SR", {"PBDs": []}), "device_config": self.location()}]

    def of_PBD_set_device_config(self):
        return [self.pick("PBD"), self.location()]

    def of_network_create(self):
        return [{"name_label": "made", "bridge": self.chance.choice(("", "", "br7", "bad name", "xenbr0")), "MTU": self.chance.choice(("1500", "1"))}]

    def of_network_destroy(self):
        return [self.pick("network", {"managed": True, "VIFs": [], "PIFs": []})]

    def tag(self):
        return str(self.chance.choice((1, 2, 3, 4, 5, 4095)))

    def of_VLAN_create(self):
        return [self.pick("PIF", {"physical": True}), self.tag(), self.pick("network", {"managed": True, "PIFs": []})]

    def of_PIF_create_VLAN(self):
        return [self.chance.choice(("eth0", "eth9")), self.pick("network", {"managed": True, "PIFs": []}), self.host.ref, self.tag()]

    def of_PIF_destroy(self):
        return [self.pick("PIF", {"physical": False})]

    def of_pool_create_VLAN(self):
        return [self.chance.choice(("eth0", "eth9")), self.pick("network", {"managed": True, "PIFs": []}), self.tag()]

    def of_pool_create_VLAN_from_PIF(self):
        return [self.pick("PIF", {"physical": True}), self.pick("network", {"managed": True, "PIFs": []}), self.tag()]

    def of_DPCI_create(self):
        """Mostly of the device that guests may have."""
        ready = [ref for ref, record in self.host.session.PPCI.get_all_records().items() if record["driver"] == "pciback"]
        return [{"VM": self.vm(), "PPCI": self.chance.choice([*ready, *ready, self.pick("PPCI")])}]

    def of_VM_appliance_create(self):
        return [{"name_label": self.chance.choice(TEXTS)}]

    def of_subject_create(self):
        return [{"subject_identifier": self.chance.choice(("x", "y", ""))}]

    def of_message_create(self):
        return ["NOTE", "5", "Host", self.host.session.host.get_uuid(self.host.ref), ""]

    # Made often

    def start(self):
        return "VM.start", [self.vm(), self.chance.random() < 0.2, False]

    def resume(self):
        return "VM.resume", [self.pick("VM", {"power_state": "Suspended"}), self.chance.random() < 0.2, False]

    def power(self):
        names = ("pause", "unpause", "suspend", "hard_shutdown", "clean_shutdown", "shutdown", "clean_reboot", "hard_reboot")
        return "VM." + self.chance.choice(names), [self.vm()]

    def memory(self):
        count = {"set_memory_dynamic_range": 2, "set_memory_static_range": 2, "set_memory_limits": 4}
        name = self.chance.choice([*count, "set_memory", "set_memory_static_max", "set_memory_dynamic_min", "set_memory_target",
                                   "set_memory_maximum", "set_memory_target_live"])
        values = sorted((self.chance.choice(MEMORY) for _ in range(count.get(name, 1))), key=int)
        if name == "set_memory_limits":
            values = [values[0], values[3], values[1], values[2]]
        # its limit can be set when 4 GiB have left it: how long its balloon takes no plan knows
        lowers = name in ("set_memory_limits", "set_memory_maximum", "set_memory_static_range")
        return "VM." + name, [self.pick("VM", {"is_control_domain": False}) if lowers else self.vm(), *values]

    def vcpus(self):
        name = self.chance.choice(("set_VCPUs_max", "set_VCPUs_at_startup", "set_VCPUs_number", "set_VCPUs_number_live"))
        return "VM." + name, [self.vm(), self.chance.choice(COUNTS)]

    def map(self):
        key = self.chance.choice(("a", "b", ""))
        if self.chance.random() < 0.5:
            return "VM.remove_from_other_config", [self.vm(), key]
        return "VM.add_to_other_config", [self.vm(), key, self.chance.choice(TEXTS)]

    def update(self):
        names = self.chance.sample(("memory_static_max", "memory_dynamic_max", "memory_dynamic_min", "VCPUs_max", "VCPUs_at_startup",
                                    "name_label", "PV_args", "other_config:k", "VCPUs_params"), self.chance.randint(1, 4))
        return "VM.update", [self.vm(), {n: self.chance.choice(VALUES.get(n, TEXTS)) for n in names},
                             {"when": self.chance.choice(("now", "next_boot", "auto"))}]

    def staged(self):
        """What a Running VM gets with its next start."""
        return "VM.update", [self.pick("VM", {"power_state": "Running"}), {"VCPUs_max": self.chance.choice(COUNTS)}, {"when": "auto"}]


SELDOM = ("set_", "add_to_", "remove_from_", "add_", "remove_", "undo", "update")
# The first argument, where most objects would be refused.
WANTED = {"VIF.unplug": {"currently_attached": True}, "VIF.unplug_force": {"currently_attached": True},
          "VBD.unplug": {"currently_attached": True},
          "VBD.unplug_force": {"currently_attached": True}, "VBD.insert": {"empty": True}, "VBD.eject": {"empty": False, "type": "CD"},
          "VBD.media_change": {"type": "CD"}, "VM.revert": {"is_a_snapshot": True}, "PBD.plug": {"currently_attached": False},
          "PBD.destroy": {"currently_attached": False}, "SR.destroy": {"VDIs": [], "PBDs": []}, "VM.checkpoint": {"power_state": "Running"},
          "VM.send_sysrq": {"power_state": "Running"}, "VM.send_trigger": {"power_state": "Running"}, "VIF.destroy": {"currently_attached": False},
          "VBD.destroy": {"currently_attached": False}, "VM.resume_on": {"power_state": "Suspended"},
          "VBD.set_mode": {"currently_attached": False}, "VBD.set_device": {"currently_attached": False},
          "VBD.set_userdevice": {"currently_attached": False}, "VIF.set_MAC": {"currently_attached": False},
          "VIF.set_MTU": {"currently_attached": False}, "VIF.set_device": {"currently_attached": False}}
# What a guest makes of the trigger power nobody can plan.
PARAMETERS = {"key": ["h", "a", "a", ""], "driver_params": [{}], "multiplier": [0.5, 1.0, 2.0], "vm_data": [{}], "trigger": ["nmi", "x"], "revision": ["1"], "start_paused": FLAGS,
              "hostname": ["a", "a b"], "expires": ["20061203T14:05:59Z", "20991231T00:00:00Z", "20991231T00:00:00Z"]}
