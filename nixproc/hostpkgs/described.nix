# A package of programs with the attributes that nixpkgs' have. What a
# distribution splits or configures has one form here.
{ name, description, programs, passthru, package }:

let
  self = package // {
    out = self; bin = self; dev = self; lib = self; man = self; doc = self; all = [ self ];
    override = _: self;
    overrideAttrs = _: self;
    meta = { inherit description; mainProgram = if programs == [ ] then name else builtins.head programs; };
    passthru = more;
    pname = name;
    version = "host";
  } // more;

  more = if builtins.isFunction passthru then passthru self else passthru;
in
self
