package main

import (
	"os"

	"nixproc/lib/manager"
	"nixproc/lib/manager/docker"
	"nixproc/lib/run"
)

// newDocker takes the program from the environment, where one is named there.
func newDocker(o *options) (manager.Manager, error) {
	m := docker.Manager{
		Runner: run.Host{}, Program: docker.Choose(os.Getenv("NIXPROC_DOCKER")), AsCaller: o.disableUserChange,
	}
	if o.profile != "" { // what only builds has none
		where, err := locate(o.profile)
		if err != nil {
			return nil, err
		}
		m.Profile = where.Path()
	}
	return m, nil
}

// inside says whether processes have directories of their own, which they make
// themselves: nothing is made on this machine for them.
func inside(m manager.Manager) bool { return m.Name() == "docker" }
