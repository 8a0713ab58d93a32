"""What a running QEMU says of itself, and whether it knows what a command line says: each option, each parameter
and each property is looked up in its own lists, and may be deprecated in none of them. What QEMU refuses shows at
its start in any case; what it drops next, and takes without a word today, shows here.
"""
import json
import re
import subprocess

# Options whose parameters are those of one kind of QEMU's own, by its query-command-line-options.
GROUPS = {"name": "name", "m": "memory", "smp": "smp-opts", "sandbox": "sandbox", "msg": "msg", "rtc": "rtc", "action": "action",
          "global": "global", "fw_cfg": "fw_cfg", "spice": "spice", "chardev": "chardev", "boot": "boot-opts",
          "mon": "mon"}
# The first word of these stands for a parameter that has no name.
FIRST = {"name": "guest", "m": "size", "smp": "cpus", "sandbox": "enable", "chardev": "backend"}


def split(value):
    """A value's parts, by QEMU's rule for commas."""
    return [part.replace("\0", ",") for part in value.replace(",,", "\0").split(",")]


class Lists:
    # These are the same in each run of one program; options come with modules, which are loaded when they are used.
    schema, help, properties = {}, {}, {}

    def __init__(self, execute, program):
        self.execute = execute
        self.wrong = []
        self.options = {o["option"]: {p["name"]: p for p in o["parameters"]} for o in execute("query-command-line-options")}
        if self.schema:
            return
        self.schema.update({entry["name"]: entry for entry in execute("query-qmp-schema")})
        text = subprocess.run([program, "-help"], capture_output=True, text=True, check=True).stdout
        for block in re.split(r"\n(?=-)", text):
            for name in re.findall(r"(?m)^-([A-Za-z][\w-]*)", block) + re.findall(r"(?m)^-\w+ or -([\w-]+)", block):
                self.help[name] = block

    def unless(self, good, *words):
        if not good:
            self.wrong.append(" ".join(map(str, words)))

    def known(self, kind, name, found):
        """found: what QEMU's list has under that name."""
        self.unless(found is not None, kind, "has no", name)
        words = str((found or {}).get("help", "")) + str((found or {}).get("description", "")) + str((found or {}).get("features", ""))
        self.unless("deprecated" not in words, kind, name, "is deprecated:", words)

    def command(self, name):
        self.known("QMP", name, self.schema.get(name))

    # ---- QAPI

    def member(self, type_name, values, path):
        """A member of a type of the schema, by its dotted path; values decide between variants."""
        at, kind = type_name, "schema"
        for depth, word in enumerate(path.split(".")):
            entry = self.schema.get(at, {})
            if entry.get("meta-type") == "alternate":
                objects = [m["type"] for m in entry["members"] if self.schema[m["type"]]["meta-type"] == "object"]
                entry = self.schema[objects[0]] if objects else {}
            members = {m["name"]: m for m in entry.get("members", [])}
            if "tag" in entry:
                before = "".join(part + "." for part in path.split(".")[:depth])
                case = values.get(before + entry["tag"])
                of_case = {v["case"]: v["type"] for v in entry["variants"]}.get(case)
                members |= {m["name"]: m for m in self.schema.get(of_case, {}).get("members", [])}
            if word not in members:
                self.unless(False, kind, path, "is not there")
                return
            self.known("schema", path, members[word])
            at = members[word]["type"]
        wanted = values.get(path)
        entry = self.schema.get(at, {})
        if entry.get("meta-type") == "enum":
            self.known(path, wanted, {m["name"]: m for m in entry["members"]}.get(wanted))

    def qapi(self, command, values):
        for path in values:
            self.member(self.schema[command]["arg-type"], values, path)

    # ---- properties of types

    def of_type(self, how, name):
        if (how, name) not in self.properties:
            self.properties[how, name] = {p["name"]: p for p in self.execute(how, typename=name)}
        return self.properties[how, name]

    def property(self, how, name, key):
        self.known(name, key, self.of_type(how, name).get(key))

    # ---- a command line

    def check_all(self, pairs):
        """pairs: each option with its dash, and its value or None."""
        for option, value in pairs:
            if not option.startswith("-"):  # the value of a raw argument
                continue
            self.unless(option.lstrip("-") in self.help, option, "is not in -help")
            if value is not None:
                self.check(option.lstrip("-"), value)

    def check_json(self, value):
        device = json.loads(value)
        for key in device.keys() - {"driver", "id", "bus"}:
            self.property("device-list-properties", device["driver"], key)

    def check(self, name, value):
        if name == "device" and value.startswith("{"):
            self.check_json(value)
            return
        parts = split(value)
        first = parts[0] if "=" not in parts[0] else None
        pairs = dict(part.partition("=")[::2] for part in parts if "=" in part)
        if name == "device":
            for key in pairs.keys() - {"id", "bus"}:
                self.property("device-list-properties", first, key)
        elif name == "object":
            for key in pairs.keys() - {"id"}:
                self.member(self.schema["object-add"]["arg-type"], {"qom-type": first, **pairs}, key.split(".")[0])
        elif name == "global":
            self.property("device-list-properties", pairs["driver"], pairs["property"])
        elif name == "blockdev":
            self.qapi("blockdev-add", pairs)
        elif name == "netdev":
            self.qapi("netdev_add", {"type": first, **pairs})
        elif name == "machine":
            for key in pairs:
                self.property("qom-list-properties", first + "-machine", key)
        if name in GROUPS:
            keys = set(pairs) | ({FIRST[name]} if first and name in FIRST else set())
            for key in keys - {"id"}:
                self.known("-" + name, key, self.options.get(GROUPS[name], {}).get(key))
