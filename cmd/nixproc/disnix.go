package main

import (
	"os"
	"os/user"

	"nixproc/lib/manager"
	"nixproc/lib/manager/disnix"
	"nixproc/lib/profile"
	"nixproc/lib/run"
)

// placeOf is where the generations of a process manager are.
func placeOf(managerName string, o *options) (profile.Profile, error) {
	if managerName == "disnix" {
		where, _, err := disnixProfile(o.profile)
		return where, err
	}
	return locate(o.profile)
}

// disnixProfile is the coordinator's, which the older tools used whatever name
// they were given. So the usual name of ours stands for the usual one of Disnix.
func disnixProfile(name string) (where profile.Profile, own bool, err error) {
	if name == usualProfile {
		name = disnix.DefaultProfile
	}
	caller, err := user.Current()
	if err != nil {
		return where, false, err
	}
	if where, own, err = profile.Coordinator(name, caller.Username, os.Getenv); err != nil {
		err = usageError{err.Error()}
	}
	return where, own, err
}

func newDisnix(o *options) (manager.Manager, error) {
	where, own, err := disnixProfile(o.profile)
	if err != nil {
		return nil, err
	}
	return disnix.Manager{Runner: run.Host{}, Profile: where.Name, Coordinator: where.Dir, Own: own}, nil
}
