package supervisord

import (
	"slices"
	"strconv"
	"strings"
)

// Unit is what the manifest of a profile says of a program, beyond what it says
// of every process.
type Unit struct {
	Conf        string `json:"conf"`                  // path in the profile
	StartSecs   int    `json:"startSecs"`             // how long it is STARTING before it is RUNNING
	MayEnd      bool   `json:"mayEnd,omitempty"`      // supervisord does not mind that it ends
	NoAutostart bool   `json:"noAutostart,omitempty"` // it waits for a person to start it
	Log         string `json:"log,omitempty"`
	User        string `json:"user,omitempty"`
}

// UnitOf reads the settings of a program, by the names and with the defaults of
// http://supervisord.org/configuration.html#program-x-section-settings.
func UnitOf(conf string, settings map[string]string) Unit {
	unit := Unit{Conf: conf, StartSecs: 1, User: settings["user"]}
	if seconds, err := strconv.Atoi(settings["startsecs"]); err == nil {
		unit.StartSecs = seconds
	}
	unit.NoAutostart = is(settings["autostart"], "no", "false", "off", "0")
	unit.MayEnd = unit.StartSecs == 0 && !is(settings["autorestart"], "yes", "true", "on", "1")
	if log := settings["stdout_logfile"]; strings.HasPrefix(log, "/") && !strings.Contains(log, "%") {
		unit.Log = log
	}
	return unit
}

// rests says whether it is all right that the program is in this state and does
// not run.
func (u Unit) rests(state string) bool {
	return u.MayEnd && state == "EXITED" || u.NoAutostart && state == "STOPPED"
}

// is compares as supervisord does, in any case.
func is(value string, words ...string) bool {
	return slices.Contains(words, strings.ToLower(value))
}
