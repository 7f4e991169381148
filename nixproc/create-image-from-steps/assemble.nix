# Makes the archive of an image: two derivations, of which the builder is the
# command. The first writes down what the image is to be; what that file refers to
# is what has to be in it, and Nix tells the second one.

{ pkgs, nixprocBinary ? import ../binary.nix { inherit pkgs; } }:

{ name ? throw "an image needs a name: give its argument 'name'"
, tag ? null
, contents ? [ ]
, config ? null
, created ? "1970-01-01T00:00:01Z"
, architecture ? null
, fromImage ? null
, image ? { }
, ...
}:

let
  checked = import ./check-reference.nix { inherit name tag; };

  text = value: if value == true then "1" else if value == null || value == false then "" else toString value;
  texts = builtins.mapAttrs (_: text);

  # A file of the user's may have a name that the store does not take.
  source = value: "${if builtins.isPath value then builtins.path { path = value; name = "file"; } else value}";

  # Docker takes a string for a command line, too, and gives it to a shell.
  words = value: if builtins.isString value || value ? outPath then [ "${value}" ] else value;
  configuration = (if config == null then { } else config)
    // (if config.Cmd or null == null then { } else { Cmd = words config.Cmd; })
    // (if config.Entrypoint or null == null then { } else { Entrypoint = words config.Entrypoint; });

  plan = {
    inherit created;
    inherit (checked) name;
    tag = text checked.tag;
    inherit (pkgs.stdenv) system;
    architecture = text architecture;
    contents = map (package: "${package}") contents;
    config = configuration;
    fromImage = if fromImage == null then "" else "${fromImage}";
    groups = builtins.mapAttrs (_: group: { properties = texts (removeAttrs group [ "members" ]); members = group.members or [ ]; }) (image.groups or { });
    users = builtins.mapAttrs (_: texts) (image.users or { });
    directories = builtins.mapAttrs (_: texts) (image.directories or { });
    files = builtins.mapAttrs (_: file: texts (removeAttrs file [ "source" ]) // (if file ? source then { source = source file.source; } else { })) (image.files or { });
    links = builtins.mapAttrs (_: target: "${target}") (image.links or { });
    profiles = map (profile: "${profile}") (image.profiles or [ ]);
    generations = builtins.mapAttrs (_: profile: "${profile}") (image.generations or { });
  };

  # A name in the store may have 211 characters.
  safeName = builtins.substring 0 150 (builtins.concatStringsSep "-" (builtins.filter builtins.isString (builtins.split "[^A-Za-z0-9+._?=-]+" name)));

  made = attributes: derivation (attributes // {
    system = builtins.currentSystem or pkgs.stdenv.system;
    builder = nixprocBinary;
    __structuredAttrs = true;
    preferLocalBuild = true;
    allowSubstitutes = false;
  });

  planFile = "${made { name = "image-${safeName}.json"; args = [ "build-image-plan" ]; inherit plan; }}";

  archive = made {
    name = "docker-image-${safeName}.tar";
    args = [ "assemble-image" ];
    inherit planFile;
    exportReferencesGraph.closure = [ planFile ];
    database = if image.database or false then "${database}" else "";
  };

  database = import ./nix-database.nix { inherit pkgs; } (made {
    name = "nix-registration";
    args = [ "build-nix-registration" ];
    inherit planFile;
    exportReferencesGraph.closure = [ planFile ];
  });
in
(if pkgs.hostPaths or [ ] == [ ] then archive
else builtins.trace "warning: the packages are links to programs of this machine, so the image works nowhere else: take copies of them, by --host-packages or hostpkgs/self-contained" archive) // {
  imageName = name;
  imageTag = if tag != null then tag else builtins.head (builtins.split "-" (baseNameOf (builtins.unsafeDiscardStringContext archive.outPath)));
}
