package manifest

import (
	"os"
	"path/filepath"
)

// signs tell which process manager a profile without a manifest is for.
// Order matters: bsdrc's directory is also sysvinit's.
var signs = []struct{ pattern, manager string }{
	{"etc/rc.d/init.d", "sysvinit"},
	{"etc/rc.d/rc?.d", "sysvinit"},
	{"etc/rc.d", "bsdrc"},
	{"etc/systemd/system", "systemd"},
	{"supervisord.conf", "supervisord"},
	{"etc/s6/sv", "s6-rc"},
	{"*-docker-settings", "docker"},
	{"Library/LaunchDaemons", "launchd"},
	{"*-cygrunsrvparams", "cygrunsrv"},
}

// ManagerOf tells the process manager that a profile is for; "" if it is
// nobody's: a profile of the older framework without processes.
func ManagerOf(profile string) (string, error) {
	contents, err := Read(profile)
	if err != nil {
		return "", err
	}
	if contents != nil {
		return contents.Manager, nil
	}
	if info, err := os.Stat(profile); err != nil {
		return "", err
	} else if !info.IsDir() {
		return "disnix", nil // a Disnix manifest is a file
	}
	for _, sign := range signs {
		matches, err := filepath.Glob(filepath.Join(profile, sign.pattern))
		if err != nil {
			return "", err
		}
		if len(matches) > 0 {
			return sign.manager, nil
		}
	}
	return "", nil
}
