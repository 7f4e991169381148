package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"nixproc/lib/deploy"
	"nixproc/lib/manager"
	"nixproc/lib/manifest"
	"nixproc/lib/network"
)

// answerStatus tells the coordinator of a network what runs of profiles that our
// module for Dysnomia has deployed. PROFILE/ATTRIBUTE is one process of a profile.
func (s *session) answerStatus(profiles []string) error {
	if err := s.tellLacks(); err != nil {
		return err
	}
	answers := []network.Answer{}
	for _, name := range profiles {
		answers = append(answers, s.answerOrNot(name))
	}
	machine, err := s.machine(profiles)
	if err != nil {
		return err
	}
	text, err := network.WriteAnswers(answers, machine)
	if err == nil {
		_, err = fmt.Print(text)
	}
	return err
}

// answerOrNot answers for a profile that nobody can look at, too.
func (s *session) answerOrNot(name string) network.Answer {
	answer, err := s.answerFor(name)
	if err != nil {
		answer.Condition, answer.Detail = manager.Unknown.String(), err.Error()
	}
	return answer
}

func (s *session) answerFor(name string) (answer network.Answer, err error) {
	name, attribute, _ := strings.Cut(name, "/")
	o := &options{profile: name}
	where, err := locate(name)
	if err != nil {
		return answer, err
	}
	current, found, err := where.Current()
	if err != nil {
		return answer, err
	}
	if !found {
		answer.Condition, answer.Detail, answer.Down = manager.Stopped.String(), "not deployed", true
		return answer, nil
	}
	answer.Package, answer.Condition = current.Path, manager.Unknown.String()
	owner, err := manifest.ManagerOf(current.Path)
	if err == nil && owner == "" {
		err = errors.New("its profile is for no process manager")
	}
	if err == nil {
		err = asDeployed(o, current.Path)
	}
	if err != nil {
		return answer, err
	}
	// These are the module's properties.
	o.userUnits = os.Getenv("systemdUserServices") == "1"
	if owner == "sysvinit" {
		o.runlevel = os.Getenv("runlevel")
	}
	m, err := s.newManager(owner, o)
	if err != nil {
		return answer, err
	}
	units, states, err := s.observe(deploy.Target{Profile: where, Manager: m}, current.Path, nil)
	if err != nil {
		return answer, err
	}
	if attribute != "" {
		units = slices.DeleteFunc(units, func(u manager.Unit) bool { return u.Attribute != attribute })
	}
	return summed(answer, units, states), nil
}

// summed tells of a whole profile, which is mostly one process, by the one of its
// processes that is worst off.
func summed(answer network.Answer, units []manager.Unit, states map[string]manager.State) network.Answer {
	for i, unit := range units {
		state := states[unit.Name]
		down := unit.Wanted && state.Condition == manager.Stopped || state.Lost != ""
		if i > 0 && (answer.Down || !down) {
			continue
		}
		answer.Down, answer.Condition, answer.PID, answer.Since = down, state.Condition.String(), state.PID, 0
		if !state.Since.IsZero() {
			answer.Since = state.Since.Unix()
		}
		answer.Detail, answer.Skipped = cmp.Or(state.Lost, state.Detail), ""
		if !unit.Wanted {
			answer.Detail, answer.Skipped = unit.WhyNot, unit.WhyNot
		}
	}
	return answer
}
