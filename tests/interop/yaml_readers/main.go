// Reads a YAML document from standard input with yaml.v2 or yaml.v3 and prints it as JSON.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	yaml2 "gopkg.in/yaml.v2"
	yaml3 "gopkg.in/yaml.v3"
)

func main() {
	text, err := io.ReadAll(os.Stdin)
	check(err)
	var data any
	if os.Args[1] == "v2" {
		check(yaml2.Unmarshal(text, &data))
	} else {
		check(yaml3.Unmarshal(text, &data))
	}
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	check(out.Encode(plain(data)))
}

func plain(data any) any {
	switch value := data.(type) {
	case map[any]any:
		members := map[string]any{}
		for key, member := range value {
			members[textOf(key)] = plain(member)
		}
		return members
	case map[string]any:
		for key, member := range value {
			value[key] = plain(member)
		}
		return value
	case []any:
		for i, item := range value {
			value[i] = plain(item)
		}
		return value
	}
	return data
}

func textOf(key any) string {
	if text, ok := key.(string); ok {
		return text
	}
	return fmt.Sprintf("%T %v", key, key)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
