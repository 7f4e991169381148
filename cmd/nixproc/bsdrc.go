package main

import (
	"cmp"
	"os"
	"path/filepath"

	"nixproc/lib/manager"
	"nixproc/lib/manager/bsdrc"
	"nixproc/lib/run"
	"nixproc/nixeval"
)

// newBsdrc finds where scripts belong that no part of FreeBSD itself brought, and
// the file that enables them: rc(8), rc.conf(5).
func newBsdrc(o *options) (manager.Manager, error) {
	m := &bsdrc.Manager{
		Runner: run.Host{}, LogDir: o.logDir, Store: nixeval.StoreDir(), AtBoot: o.enableAtBoot,
	}
	var err error
	if m.TargetDir, err = filepath.Abs(cmp.Or(os.Getenv("BSDRC_TARGET_DIR"), "/usr/local/etc/rc.d")); err != nil {
		return nil, err
	}
	if m.RCConf, err = filepath.Abs(cmp.Or(os.Getenv("BSDRC_RC_CONF"), "/etc/rc.conf")); err != nil {
		return nil, err
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
