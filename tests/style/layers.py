# SPDX-License-Identifier: Apache-2.0
"""Finds includes that go against the direction in which the code may depend on itself."""

import re

import tree

# Each library stays behind the adapter that hides it, or the few folders that are it together.
HOMES = {
    "boost/dll": "plugin",
    "curl/": "http",
    "dsw/": ("plugin", "isolation", "runner"),
    "nats/": "nats",
    "nats.h": "nats",
    "pqxx/": "postgres",
    "prometheus/": "observe",
    "spdlog/": "observe",
}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.MULTILINE)


def read_layers(root):
    """host/LAYERS: "folder: folders that it may include", a line each."""
    layers = {}
    for line in (root / "host/LAYERS").read_text().splitlines():
        if line and not line.startswith("#"):
            folder, allowed = line.split(":")
            layers[folder] = {folder, *allowed.split()}
    return layers


def includes(path):
    text = path.read_text(encoding="utf-8")
    for match in INCLUDE.finditer(text):
        yield text.count("\n", 0, match.start(2)) + 1, match[1] == "<", match[2]


def host_problem(layers, folder, angled, name):
    if folder not in layers:
        return f"folder host/{folder} is not in host/LAYERS"
    if angled:
        homes = next((home for start, home in HOMES.items() if name.startswith(start)), folder)
        homes = (homes,) if isinstance(homes, str) else homes
        return None if folder in homes else f"<{name}> belongs in host/{homes[0]} alone"
    if not name.startswith("host/"):
        return f'"{name}" does not start at the repository\'s root with host/'
    # Of main.cc and its like, the folder is the file's own name.
    target = name.split("/")[1].split(".")[0]
    return None if target in layers[folder] else f'host/{folder} may not include "{name}"'


def problems(root):
    layers = read_layers(root)
    for path in tree.files(root, tree.CODE):
        top, *rest = path.relative_to(root).parts
        for line, angled, name in includes(path):
            problem = None
            if ".." in name.split("/"):
                problem = f'"{name}": include by the path from the repository\'s root'
            elif top == "host":
                problem = host_problem(layers, rest[0].split(".")[0], angled, name)
            elif top in ("plugins", "sdk") and name.startswith("host/"):
                problem = f'{top} may not include "{name}": plugins see the host through <dsw/...>'
            if problem:
                yield f"{path.relative_to(root)}:{line}: {problem}"
