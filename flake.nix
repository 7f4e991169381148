# nix run .#nixproc -- sysvinit-switch processes.nix
{
  description = "Deploys sets of running processes from Nix expressions, with any process manager";

  # Any Nixpkgs will do: the program is linked statically and takes nothing from
  # it at run time.
  inputs.nixpkgs.url = "nixpkgs";

  outputs = { self, nixpkgs }:
    let
      systems = [ "x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin" ];

      forEachSystem = make: builtins.listToAttrs (map
        (system: { name = system; value = make nixpkgs.legacyPackages.${system}; })
        systems);

      toolsFor = pkgs: import ./tools { inherit pkgs; inherit (pkgs.stdenv.hostPlatform) system; };

      # The old names of the commands that a package of tools/ has.
      commandsOf = attribute:
        let file = ./tools + "/${attribute}/commands"; in
        if !builtins.pathExists file then [ ]
        else builtins.filter (word: builtins.isString word && word != "") (builtins.split "\n" (builtins.readFile file));
    in
    {
      # nixproc is the program; the others are its old names, as tools/default.nix
      # has them.
      packages = forEachSystem (pkgs:
        let tools = toolsFor pkgs;
        in tools // { default = tools.nixproc; });

      # nix run .#nixproc -- COMMAND, and nix run .#nixproc-COMMAND for each of the
      # old names.
      apps = forEachSystem (pkgs:
        let
          tools = toolsFor pkgs;
          app = attribute: command: { type = "app"; program = "${tools.${attribute}}/bin/${command}"; };
          ofPackage = attribute: map (command: { name = command; value = app attribute command; }) (commandsOf attribute);
        in
        builtins.listToAttrs (builtins.concatMap ofPackage (builtins.attrNames (removeAttrs tools [ "nixproc" ])))
        // { nixproc = app "nixproc" "nixproc"; default = app "nixproc" "nixproc"; });

      overlays.default = final: _: { inherit (toolsFor final) nixproc; };

      nixosModules.default.imports = [ ./nixos ];

      checks = forEachSystem (pkgs: removeAttrs (toolsFor pkgs) [ "nixproc" ]);

      devShells = forEachSystem (pkgs: {
        default = pkgs.mkShell { packages = [ pkgs.go pkgs.gnumake pkgs.git ]; };
      });
    };
}
