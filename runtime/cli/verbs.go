package cli

import "github.com/spf13/cobra"

// verbs is the table of everything that can be typed after `tocsin`.
func verbs(a *app) []*cobra.Command {
	return []*cobra.Command{
		completionCommand(a),
		matchCommand(a),
		doctorCommand(a),
		versionCommand(a),
	}
}
