package tests

import (
	"testing"
)

func TestDockerUpgrade(t *testing.T) {
	t.Parallel()
	mainJob{begin: func(t *testing.T) webappsPlace { return newDocker(t) }}.test(t)
}

// podman takes the same commands.
func TestPodmanUpgrade(t *testing.T) {
	t.Parallel()
	mainJob{begin: func(t *testing.T) webappsPlace { return newPodman(t) }}.whole(t)
}
