# Says in words what a value is, for messages.

value:

let
  type = builtins.typeOf value;
in
{
  set = "a set";
  list = "a list";
  lambda = "a function";
  string = "a string";
  int = "a number";
  float = "a number";
  bool = "true or false";
  path = "a path";
}.${type} or type
