# Builds a derivation that names no builder of its own.
source "$stdenv/setup"
genericBuild
