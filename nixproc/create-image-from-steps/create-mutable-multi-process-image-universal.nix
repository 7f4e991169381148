# Makes an image of a model whose container can be changed with Nix, under any
# process manager that can live in a container.

{ pkgs }:

input:

import ./create-mutable-multi-process-image.nix { inherit pkgs; } (import ./check-arguments.nix { inherit pkgs; } input // {
  steps = {
    disnix = ../backends/disnix/image-steps/dynamic-steps.nix;
    s6-rc = ../backends/s6-rc/image-steps/dynamic-steps.nix;
    supervisord = ../backends/supervisord/image-steps/dynamic-steps.nix;
    sysvinit = ../backends/sysvinit/image-steps/dynamic-steps.nix;
  };
})
