# What is the same for all processes that one constructor makes. It stands once
# in a model, and the specification of each process refers to it by the key.

value: {
  key = builtins.substring 0 16 (builtins.hashString "sha256" (builtins.toJSON value));
  inherit value;
}
