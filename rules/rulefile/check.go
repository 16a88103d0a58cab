package rulefile

func (l *loader) checkPlugin(p *Plugin) {}
func (l *loader) checkTargets()         {}
func (l *loader) checkLoops()           {}
