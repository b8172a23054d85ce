//! Habits from other systems: each gets one diagnostic that says what stands in its place here, and nothing behind
//! it.

#![allow(clippy::unwrap_used)]

mod support;

use dsl::codes::Code;

/// The codes of a text; that something has no effect yet is no mistake.
fn codes(text: &str) -> Vec<&'static str> {
    let found = dsl::check(text, &support::catalog()).diagnostics;
    let wrong = found.iter().filter(|one| !matches!(one.code, Code::NotYet | Code::TriggerNotYet));
    wrong.map(|one| one.code.id()).collect()
}

fn one_each(wrap: impl Fn(&str) -> String, wanted: &[(&str, &str)]) {
    let mut wrong = vec![];
    for (written, code) in wanted {
        let text = wrap(written);
        let found = codes(&text);
        if found != [*code] {
            let told: Vec<String> = dsl::check(&text, &support::catalog())
                .diagnostics
                .iter()
                .map(|one| format!("{} {}", one.code.id(), one.message))
                .collect();
            wrong.push(format!("{written}: wanted {code}, got {}", told.join("; ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn keys_at_the_top() {
    one_each(
        |key| format!("name: x\n{key}\nsteps:\n  stop: {{ fail: no }}\n"),
        &[
            ("on: [push, pull_request]", "KW0150"),
            ("on:\n  schedule:\n    - cron: '0 9 * * *'", "KW0150"),
            ("env: { A: b }", "KW0150"),
            ("schedule: \"0 9 * * *\"", "KW0150"),
            ("cron: \"0 9 * * *\"", "KW0150"),
            ("schedule_interval: \"@daily\"", "KW0150"),
            ("namespace: company.team", "KW0150"),
            ("variables: { a: b }", "KW0150"),
            ("secrets: [TOKEN]", "KW0150"),
            ("trigger: push", "KW0150"),
            ("outputs: { a: b }", "KW0150"),
            ("permissions: read-all", "KW0101"),
        ],
    );
}

#[test]
fn whole_files_of_other_systems() {
    one_each(
        str::to_owned,
        &[
            ("name: x\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n", "KW0150"),
            ("name: x\nnodes:\n  - name: a\n    type: n8n-nodes-base.set\n", "KW0150"),
            ("name: x\ntasks:\n  - id: a\n    type: io.kestra.plugin.core.log.Log\n", "KW0150"),
            ("services:\n  web:\n    image: nginx\n", "KW0150"),
        ],
    );
}

#[test]
fn keys_of_a_step() {
    one_each(
        |key| format!("name: x\nsteps:\n  first: {{ fail: no }}\n  second:\n    {key}\n    fail: no\n"),
        &[
            ("needs: first", "KW0150"),
            ("needs: [first]", "KW0150"),
            ("depends_on: [first]", "KW0150"),
            ("dependsOn: [first]", "KW0150"),
            ("runAfter: [first]", "KW0150"),
            ("dependencies: [first]", "KW0150"),
            ("when: run.id != \"\"", "KW0150"),
            ("condition: run.id != \"\"", "KW0150"),
            ("with_items: [1, 2]", "KW0150"),
            ("loop: [1, 2]", "KW0150"),
            ("id: a", "KW0150"),
            ("name: Build it", "KW0150"),
            ("type: io.kestra.plugin.core.log.Log", "KW0150"),
            ("env: { A: b }", "KW0150"),
            ("runs-on: ubuntu-latest", "KW0150"),
            ("continue-on-error: true", "KW0150"),
            ("timeout-minutes: 5", "KW0150"),
            ("retries: 3", "KW0150"),
            ("register: result", "KW0150"),
            ("else: { fail: no }", "KW0150"),
        ],
    );
}

#[test]
fn steps_whose_verb_is_foreign() {
    one_each(
        |step| format!("name: x\nsteps:\n  first: {{ fail: no }}\n  second:\n    {step}\n"),
        &[
            ("run: make all", "KW0150"),
            ("script: |\n      make all", "KW0150"),
            ("command: make", "KW0150"),
            ("uses: file.list", "KW0150"),
            ("type: io.kestra.plugin.core.log.Log\n    message: hello", "KW0150"),
            ("foreach: [1, 2]\n    steps: { a: { fail: no } }", "KW0101"),
        ],
    );
}

#[test]
fn names_in_expressions() {
    one_each(
        |hole| {
            format!(
                "name: x\ninputs: {{ xs: [string], s: string? }}\nsteps:\n  stop:\n    fail: '{}'\n",
                hole.replace('\'', "''")
            )
        },
        &[
            ("{{ github.event.issue.title }}", "KW0151"),
            ("${{ github.event.issue.title }}", "KW0151"),
            ("${{ secrets.TOKEN }}", "KW0151"),
            ("${{ vars.REGION }}", "KW0151"),
            ("${{ env.REGION }}", "KW0151"),
            ("${{ needs.build.outputs.id }}", "KW0151"),
            ("${{ matrix.os }}", "KW0151"),
            ("{{ execution.id }}", "KW0151"),
            ("{{ outputs.extract.body }}", "KW0151"),
            ("{{ taskrun.value }}", "KW0151"),
            ("{{ ti.xcom_pull(task_ids='a') }}", "KW0151"),
            ("{{ ds }}", "KW0151"),
            ("{{ tasks.a.outputs.result }}", "KW0151"),
            ("{{ inputs.parameters.a }}", "KW0103"),
            ("={{ $json.name }}", "KW0151"),
            ("{{ $json.name }}", "KW0151"),
            ("{{ $node[\"A\"].json.name }}", "KW0151"),
            ("{{ $('A').item.json.name }}", "KW0151"),
            ("{{ $now }}", "KW0151"),
            ("={{ inputs.s }}", "KW0152"),
            ("${{ inputs.s }}", "KW0152"),
            ("${inputs.s}", "KW0152"),
            ("{% if inputs.s %}a{% endif %}", "KW0152"),
            ("<% if inputs.s %>a<% end %>", "KW0152"),
        ],
    );
}

#[test]
fn operators_of_other_languages() {
    one_each(
        |expr| {
            format!(
                "name: x\ninputs: {{ xs: [string], s: string?, b: boolean }}\nsteps:\n  stop:\n    fail: '{{{{ {} }}}}'\n",
                expr.replace('\'', "''")
            )
        },
        &[
            ("inputs.b && inputs.b", "KW0301"),
            ("inputs.b || inputs.b", "KW0301"),
            ("!inputs.b", "KW0301"),
            ("inputs.s === \"a\"", "KW0301"),
            ("inputs.s !== \"a\"", "KW0301"),
            ("inputs.xs.length", "KW0209"),
            ("inputs.xs.map(x => upper(x))", "KW0301"),
            ("`a ${inputs.s}`", "KW0301"),
            ("inputs.s == undefined", "KW0104"),
            ("inputs.s == None", "KW0104"),
            ("inputs.xs[0]?.name.first()", "KW0301"),
            ("“a”", "KW0018"),
            ("inputs.s\u{a0}== \"a\"", "KW0019"),
        ],
    );
}

#[test]
fn what_stays_text_is_not_reported() {
    for text in [
        "costs $5",
        "${HOME}/bin",
        "100%",
        "a `b` c",
        "12:30:00",
        "=1+1",
        "{ a }",
        "inputs.csv",
        "steps.other",
    ] {
        let text = format!("name: x\nsteps:\n  stop:\n    fail: \"{text}\"\n");
        assert_eq!(codes(&text), Vec::<&str>::new(), "{text}");
    }
}

#[test]
fn a_byte_order_mark_and_the_line_ends_of_windows_are_taken() {
    let text = "name: x\nsteps:\n  stop:\n    fail: |\n      no\n      more\n";
    let crlf = text.replace('\n', "\r\n");
    for text in [crlf.clone(), format!("\u{feff}{text}"), format!("\u{feff}{crlf}")] {
        assert_eq!(codes(&text), Vec::<&str>::new(), "{text:?}");
    }
    assert_eq!(codes(&text.replace('\n', "\r")), ["KW0027"]);
}
