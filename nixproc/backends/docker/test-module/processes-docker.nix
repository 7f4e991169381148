# The Docker daemon that a model is deployed to.
import ../../../test-driver/manager.nix "docker"
