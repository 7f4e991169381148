package manifestxml

import (
	"encoding/xml"
	"fmt"
	"os"
)

// Network is what a manifest says of all its machines.
type Network struct {
	Targets  []Target
	Mappings []Mapping
}

// Target is a machine.
type Target struct {
	Name            string
	Address         string // the value of its target property, by which it is reached
	ClientInterface string
	Profile         string // store path of its packages; "" if it has none
}

// Mapping is a service on a machine. Two with the same key are the same.
type Mapping struct {
	Target, Key, Name, Package string
}

// ReadNetwork reads a manifest for any machines.
func ReadNetwork(path string) (Network, error) {
	var n Network
	data, err := os.ReadFile(path)
	if err != nil {
		return n, err
	}
	if n, err = parseNetwork(data); err != nil {
		return n, fmt.Errorf("%s can't be read as a manifest of Disnix: %w", path, err)
	}
	return n, nil
}

type networkDocument struct {
	XMLName  xml.Name  `xml:"manifest"`
	Version  string    `xml:"version,attr"`
	Profiles []profile `xml:"profiles>profile"`
	Services []service `xml:"services>service"`
	Targets  []machine `xml:"infrastructure>target"`
	Mappings []mapping `xml:"serviceMappings>mapping"`
}

type machine struct {
	Name            string `xml:"name,attr"`
	ClientInterface string `xml:"clientInterface"`
	Property        string `xml:"targetProperty"`
	Properties      []struct {
		Name  string `xml:"name,attr"`
		Value string `xml:",chardata"`
	} `xml:"properties>property"`
}

func parseNetwork(data []byte) (Network, error) {
	var n Network
	var d networkDocument
	if err := xml.Unmarshal(data, &d); err != nil {
		return n, err
	}
	if d.Version != "2" {
		return n, fmt.Errorf("its version is %q, not 2", d.Version)
	}
	profiles := map[string]string{}
	for _, p := range d.Profiles {
		profiles[p.Name] = p.Path
	}
	known := map[string]bool{}
	for _, t := range d.Targets {
		one := Target{Name: t.Name, ClientInterface: t.ClientInterface, Profile: profiles[t.Name]}
		for _, property := range t.Properties {
			if property.Name == t.Property {
				one.Address = property.Value
			}
		}
		if one.Name == "" || one.Address == "" {
			return n, fmt.Errorf("the machine %q lacks its property %q", t.Name, t.Property)
		}
		known[one.Name] = true
		n.Targets = append(n.Targets, one)
	}
	services := map[string]service{}
	for _, s := range d.Services {
		services[s.Key] = s
	}
	for _, m := range d.Mappings {
		s, found := services[m.Service]
		if !found || !known[m.Target] {
			return n, fmt.Errorf("it maps the service %s, or the machine %q, which it lacks", m.Service, m.Target)
		}
		n.Mappings = append(n.Mappings, Mapping{m.Target, m.Service, s.Name, s.Package})
	}
	return n, nil
}
