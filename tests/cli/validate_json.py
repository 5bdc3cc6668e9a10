#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Validates JSON documents against a JSON Schema: validate_json.py SCHEMA [DOCUMENT ...]

Without a document, or for "-", standard input is read. A file may hold several documents, one a line. Prints a sentence for
the first thing that is wrong with each, and exits with 1 when there was any.
"""

import json
import sys

import jsonschema


def no_such_number(word):
    raise ValueError(f"{word} is not JSON")


def read_documents(text):
    try:
        return [json.loads(text, parse_constant=no_such_number)]
    except json.JSONDecodeError:
        return [json.loads(line, parse_constant=no_such_number) for line in text.splitlines()]


def main(schema_path, *paths):
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    failed = False
    for path in paths or ("-",):
        try:
            with open(0 if path == "-" else path, encoding="utf-8") as file:
                documents = read_documents(file.read())
        except ValueError as error:
            print(f"{path}: {error}")
            failed = True
            continue
        if not documents:
            print(f"{path}: there is no document in it")
            failed = True
        for document in documents:
            error = jsonschema.exceptions.best_match(validator.iter_errors(document))
            if error:
                print(f"{path}: {error.json_path}: {error.message}")
                failed = True
    return failed


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
