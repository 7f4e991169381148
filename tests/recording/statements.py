"""Reads a list of Python texts, as JSON, and writes for each what it calls on
machine: a list of calls, each of them the method and its constant arguments."""
import ast, json, sys

def calls(text):
    tree = ast.parse(text)
    compile(tree, "testScript", "exec")
    return [[node.func.attr] + [str(argument.value) for argument in node.args if isinstance(argument, ast.Constant)]
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name) and node.func.value.id == "machine"]

json.dump([calls(text) for text in json.load(sys.stdin)], sys.stdout)
