package cli

import "github.com/spf13/cobra"

// verbs is the table of everything that can be typed after `tocsin`.
func verbs(a *app) []*cobra.Command {
	return []*cobra.Command{
		completionCommand(a),
		runCommand(a),
		agentCommand(a),
		demoCommand(a),
		devCommand(a),
		checkCommand(a),
		testCommand(a),
		explainCommand(a),
		matchCommand(a),
		sendCommand(a),
		tailCommand(a),
		fateCommand(a),
		statusCommand(a),
		topCommand(a),
		dlqCommand(a),
		archiveCommand(a),
		replayCommand(a),
		newCommand(a),
		pluginCommand(a),
		lambdaCommand(a),
		packageCommand(a),
		schemaCommand(a),
		benchCommand(a),
		doctorCommand(a),
		versionCommand(a),
	}
}
