"""Reads a YAML document from standard input with PyYAML and prints it as JSON."""
import json
import sys

import yaml


def plain(data):
    if isinstance(data, dict):
        return {key if isinstance(key, str) else repr(key): plain(value) for key, value in data.items()}
    if isinstance(data, list):
        return [plain(item) for item in data]
    return data


print(json.dumps(plain(yaml.safe_load(sys.stdin.buffer.read())), default=repr))
