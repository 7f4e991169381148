# The Nixpkgs that an image has in it, or null: it fetches them when it needs them.
# Self-contained hostpkgs are there in any case, since nobody else has them.

{ pkgs, input }:

input.nixpkgs or (if input ? channelURL then null else pkgs.frozen or null)
