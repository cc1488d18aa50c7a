"""The commands of ``./sis`` that know the jobs of this project, with the modules that declare and do them."""

COMMANDS = {
    name: f"{__package__}.{module}"
    for name, module in {
        "console": "console.command",
        "check": "check.command",
        "data": "data_view.command",
        "draw": "inspection.draw_command",
        "show": "inspection.show_command",
        "why": "inspection.why_command",
        "compare": "comparison.command",
        "try": "trial.command",
        "retry": "cleaning.retry_command",
        "clean": "cleaning.clean_command",
    }.items()
}
