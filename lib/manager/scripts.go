package manager

import (
	"os"
	"path/filepath"
)

// ScriptEnvironment is what the scripts of a boot get, with the PATH that a boot
// gives them there, and who the caller is. Nothing else of the caller's
// environment reaches a daemon.
func ScriptEnvironment(path string) []string {
	env := []string{"PATH=" + path}
	for _, name := range []string{"HOME", "USER", "LOGNAME", "LANG", "TZ", "XDG_RUNTIME_DIR"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// ScriptLog is the file for the output of a script; "" if there is no directory
// for it yet.
func ScriptLog(file string) string {
	if info, err := os.Stat(filepath.Dir(file)); err != nil || !info.IsDir() {
		return ""
	}
	return file
}
