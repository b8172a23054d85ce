//! What expressions mean: tables of texts and their values.

mod shared;

use shared::{World, run, same};

#[track_caller]
fn all(rows: &[(&str, &str)]) {
    let world = World::new();
    for (text, wanted) in rows {
        let wanted = run(wanted, &world).unwrap();
        match run(text, &world) {
            Ok(value) => assert!(same(&value, &wanted), "{text}: {value:?}, wanted {wanted:?}"),
            Err(fault) => panic!("{text}: {fault}"),
        }
    }
}

#[track_caller]
fn wrong(rows: &[(&str, &str)]) {
    let world = World::new();
    for (text, wanted) in rows {
        match run(text, &world) {
            Ok(value) => panic!("{text} gives {value:?}"),
            Err(fault) => assert!(fault.contains(wanted), "{text}: {fault}"),
        }
    }
}

#[test]
fn operators_bind_as_the_language_says() {
    all(&[
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("10 - 2 - 3", "5"),
        ("-2 * 3", "-6"),
        ("null ?? 0 > 3", "false"),
        ("inputs.none ?? 1 + 1", "2"),
        ("not 1 == 2", "true"),
        ("not true or true", "true"),
        ("true or false and false", "true"),
        ("false ? 1 : true ? 2 : 3", "2"),
        ("true ? [1] : [2] | len", "1"),
        ("inputs.none ?? [] | len", "0"),
        ("2 in [1, 2] and 3 not in [1, 2]", "true"),
        ("-inputs.n", "-3"),
        ("-inputs.xs[0] + 1", "0"),
    ]);
}

#[test]
fn a_first_look() {
    all(&[
        ("7 / 2", "3.5"),
        ("-7 % 3", "-1"),
        ("'a' + 'b'", "'ab'"),
        ("inputs.xs | map(x => x + 1)", "[2, 3, 4]"),
    ]);
    wrong(&[("9223372036854775807 + 1", "type: "), ("x | len > 3", "KW0301"), ("steps.gone.a", "skip gone")]);
}

#[test]
fn every_function_keeps_the_promise_of_its_example() {
    for function in dsl::expr::functions::all() {
        let (text, value) = function.example.rsplit_once(" => ").expect(function.name);
        assert!(text.contains(function.name), "the example of `{}` calls it", function.name);
        all(&[(text, value)]);
    }
}
