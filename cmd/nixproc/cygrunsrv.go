package main

import (
	"nixproc/lib/manager"
	"nixproc/lib/manager/cygrunsrv"
	"nixproc/lib/manifest"
	"nixproc/lib/run"
)

func newCygrunsrv(o *options) (manager.Manager, error) {
	m := cygrunsrv.Manager{Runner: run.Host{}}
	if o.profile == "" { // a command that has no profile, nor installs one
		return m, nil
	}
	where, err := locate(o.profile)
	if err != nil {
		return nil, err
	}
	m.Others = func() (map[string]string, error) {
		all, err := where.Siblings()
		if err != nil {
			return nil, err
		}
		ours := map[string]string{}
		for name, path := range all {
			if owner, err := manifest.ManagerOf(path); err == nil && owner == m.Name() {
				ours[name] = path
			}
		}
		return ours, nil
	}
	return m, nil
}
