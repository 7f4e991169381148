package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"nixproc/lib/manager"
	"nixproc/lib/network"
)

// tellLacks tells the coordinator of a network which process managers can't be used on
// this machine, of those that it is going to use.
func (s *session) tellLacks() error {
	for name := range strings.FieldsSeq(os.Getenv(network.ManagersWanted)) {
		if err := s.usable(name); err != nil {
			text, err := network.WriteLack(name + " can't be used there: " + err.Error())
			if err != nil {
				return err
			}
			fmt.Print(text)
		}
	}
	return nil
}

// usable asks a process manager for something that it does not have. What options say
// elsewhere, the module's properties do here.
func (s *session) usable(name string) error {
	if name == "supervisord" && os.Getenv("SUPERVISORD_CONF_DIR") == "" {
		return errors.New("nobody said where its configuration is: set the machine's containers.nixproc-process.SUPERVISORD_CONF_DIR in the infrastructure to the directory of its supervisord.conf")
	}
	o := &options{profile: usualProfile, userUnits: os.Getenv("systemdUserServices") == "1"}
	for _, directory := range o.directories() {
		*directory.value = os.Getenv(directory.name + "Dir")
	}
	m, err := s.newManager(name, o)
	if err == nil {
		_, err = m.Status(s.ctx, []manager.Unit{{Name: "nixproc"}})
	}
	if err != nil {
		err = fmt.Errorf("%w\nwhat an option or a variable says on one machine, a property of containers.nixproc-process does in the infrastructure", err)
	}
	return err
}
