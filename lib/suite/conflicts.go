package suite

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"nixproc/lib/model"
)

// Conflicts tells which processes of a model have the same port, or accounts of
// the same number. Those of the process manager itself count as well.
func (v *Variant) Conflicts(m model.Model) []string {
	ports := owners{}
	users, groups := owners{}, owners{}
	for _, p := range m.Processes {
		for _, attribute := range slices.Sorted(maps.Keys(p.Attributes)) {
			var port int
			if !isPort(attribute) || json.Unmarshal(p.Attributes[attribute], &port) != nil || port <= 0 {
				continue
			}
			ports.add(fmt.Sprint(port), fmt.Sprintf("process '%s' (%s)", p.Attribute, attribute))
		}
		if p.Credentials != nil {
			users.addAll("uid", p.Credentials.Users)
			groups.addAll("gid", p.Credentials.Groups)
		}
	}
	if v.Host != nil && v.Host.Port != 0 {
		ports.add(fmt.Sprint(v.Host.Port), v.Manager+" itself")
	}
	return slices.Concat(ports.shared("port"), users.shared("uid"), groups.shared("gid"))
}

func isPort(attribute string) bool {
	return attribute == "port" || strings.HasSuffix(attribute, "Port")
}

// owners are those that want a number.
type owners map[string][]string

func (o owners) add(number, owner string) {
	if !slices.Contains(o[number], owner) {
		o[number] = append(o[number], owner)
	}
}

func (o owners) addAll(property string, accounts map[string]map[string]string) {
	for name, properties := range accounts {
		if id := properties[property]; id != "" {
			o.add(id, "'"+name+"'")
		}
	}
}

func (o owners) shared(what string) (conflicts []string) {
	for _, number := range slices.Sorted(maps.Keys(o)) {
		if all := o[number]; len(all) > 1 {
			slices.Sort(all)
			conflicts = append(conflicts, fmt.Sprintf("%s %s is wanted by %s", what, number, strings.Join(all, " and ")))
		}
	}
	return conflicts
}
