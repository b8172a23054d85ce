//! What expressions mean: tables of texts and their values.

mod shared;

use shared::{World, run, same};

#[track_caller]
fn all(rows: &[(&str, &str)]) {
    let world = World::new();
    for (text, wanted) in rows {
        let wanted = run(wanted, &world).expect(wanted);
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
fn numbers_are_exact() {
    all(&[
        ("9223372036854775807 - 1", "9223372036854775806"),
        ("-9223372036854775808 + 1", "-9223372036854775807"),
        ("7 / 2", "3.5"),
        ("6 / 2", "3.0"),
        ("-7 % 3", "-1"),
        ("7 % -3", "1"),
        ("5.5 % 2", "1.5"),
        ("1 == 1.0", "true"),
        ("1 == '1'", "false"),
        ("9223372036854775807 == 9223372036854775807.0", "false"),
        ("9223372036854775807 < 9223372036854775807.0", "true"),
        ("1 + 0.5", "1.5"),
        ("1e3", "1000.0"),
    ]);
    wrong(&[
        ("9223372036854775807 + 1", "type: the result is too large a number in `9223372036854775807 + 1`"),
        ("-9223372036854775807 - 2", "too large"),
        ("-9223372036854775808 * -1", "too large"),
        ("9223372036854775808", "KW0301 0..19 an integer has at most 64 bits"),
        ("1 / 0", "type: a division by zero in `1 / 0`"),
        ("1 % 0", "division by zero"),
        ("1.5 / 0.0", "division by zero"),
        ("1e308 * 10", "too large"),
        ("1e999", "too large"),
    ]);
}

#[test]
fn plus_joins_what_is_alike() {
    all(&[
        ("'a' + 'b'", "'ab'"),
        ("[1] + ['a']", "[1, 'a']"),
        ("duration('1h') + duration('30m')", "duration('90m')"),
        ("time('2026-01-01T00:00:00Z') + duration('1d')", "time('2026-01-02T00:00:00Z')"),
        ("time('2026-01-02T00:00:00Z') - time('2026-01-01T00:00:00Z')", "duration('1d')"),
        ("duration('1h') * 2", "duration('2h')"),
        ("duration('1h') / duration('30m')", "2.0"),
    ]);
    wrong(&[
        ("1 + '1'", "found an integer and a text"),
        (
            "inputs.none + 1",
            "type: `+` adds numbers, texts, lists, or a time and a duration, found null and an integer",
        ),
        ("(inputs.none + 1) ?? 2", "found null and an integer"),
        ("{} + {}", "found an object and an object"),
        ("true + 1", "found a boolean and an integer"),
        ("-'a'", "found a text"),
    ]);
}

#[test]
fn conditions_are_booleans() {
    all(&[
        ("inputs.n > 2 ? 'many' : 'few'", "'many'"),
        ("false and 1 / 0 > 1", "false"),
        ("true or 1 / 0 > 1", "true"),
        ("true and true and not false", "true"),
    ]);
    wrong(&[
        ("inputs.xs ? 1 : 2", "a condition is true or false, `inputs.xs` is a list: ask `len(…) > 0`"),
        ("not inputs.none", "`inputs.none` is null: ask `… != null`"),
        ("1 and true", "`1` is an integer"),
        ("true and 'a'", "`'a'` is a text"),
    ]);
}

#[test]
fn order_is_among_alike() {
    all(&[
        ("'a' < 'b' and 'B' < 'a'", "true"),
        ("1 <= 1.0 and 2 >= 1.5", "true"),
        ("duration('1m') < duration('1h')", "true"),
        ("time('2026-01-01') < time('2026-01-02')", "true"),
    ]);
    wrong(&[
        ("1 < 'a'", "an integer and a text cannot be compared"),
        ("null < 1", "null and an integer cannot be compared"),
        ("[1] < [2]", "a list has no order"),
    ]);
}

#[test]
fn in_looks_into_lists_keys_and_texts() {
    all(&[
        ("2 in inputs.xs", "true"),
        ("1.0 in inputs.xs", "true"),
        ("'n' in inputs", "true"),
        ("'zz' not in inputs", "true"),
        ("'bc' in 'abcd'", "true"),
        ("{ a: 1 } in [{ a: 1.0 }]", "true"),
    ]);
    wrong(&[("1 in 'a'", "a part of a text is a text"), ("1 in 2", "nothing is in an integer")]);
}

#[test]
fn paths_reach_into_values() {
    all(&[
        ("inputs.xs[-1]", "3"),
        ("inputs['name']", "'Ada'"),
        ("inputs.rows[1].a", "2"),
        ("{ \"a b\": 1 }[\"a b\"]", "1"),
        ("[1, 2, 3,][1]", "2"),
        ("({ a: 1, })\n .a", "1"),
        ("steps.got.body . title", "'T'"),
    ]);
    wrong(&[
        ("inputs.xs[3]", "type: there is no such item (the list has 3) in `inputs.xs[3]`"),
        ("inputs.xs[-4]", "there is no such item"),
        ("inputs.nam", "there is no field `nam`, but a `name` in `inputs.nam`"),
        ("inputs.name.x", "a text has no field `x` in `inputs.name.x`"),
        ("inputs.xs.a", "a list has no fields"),
        ("inputs.none.x", "null has no field `x` in `inputs.none.x`"),
        ("inputs.name[0]", "a text has no items"),
        ("inputs.xs['a']", "found by an integer, not by a text"),
        ("nobody", "there is no `nobody` here"),
    ]);
}

#[test]
fn soft_reads_take_null_and_missing_alike() {
    all(&[
        ("inputs.zz ?? 1", "1"),
        ("inputs.none ?? 1", "1"),
        ("inputs.none.x.y ?? 1", "1"),
        ("inputs.xs[9].a ?? 1", "1"),
        ("inputs?.zz", "null"),
        ("inputs?.zz.y.z", "null"),
        ("inputs.none?.x.y[0]", "null"),
        ("inputs.none?.[0].x", "null"),
        ("inputs.xs?.[9]", "null"),
        ("inputs?.xs[0]", "1"),
        ("inputs.zz ?? inputs.yy ?? 2", "2"),
        ("false ?? true", "false"),
        ("steps.gone?.a.b ?? 4", "4"),
        ("steps.gone ?? 4", "4"),
        ("steps.gone.a.b ?? 4", "4"),
        ("steps.gone?.a", "null"),
        ("steps.empty ?? 4", "4"),
        ("errors.gone.message", "'no'"),
        ("errors.got.message", "null"),
        ("errors.got", "null"),
        ("meta.got.attempts", "null"),
        ("steps.got?.body.title", "'T'"),
    ]);
    wrong(&[
        ("inputs.name.x ?? 1", "a text has no field `x`"),
        ("len(inputs.none) ?? 1", "`len` wants"),
        ("(1 / 0) ?? 1", "division by zero"),
        ("inputs.zz ?? inputs.yy", "there is no field `yy`"),
        ("steps.empty.a", "null has no field `a`"),
        ("steps.got.empty.a", "null has no field `a`"),
    ]);
}

#[test]
fn a_hard_read_of_a_step_that_gave_nothing_skips_the_reader() {
    wrong(&[
        ("steps.gone", "skip gone"),
        ("steps.gone.a", "skip gone"),
        ("steps.gone.a?.b", "skip gone"),
        ("1 + steps.gone", "skip gone"),
        ("inputs.zz ?? steps.gone", "skip gone"),
        ("true ? steps.gone : 1", "skip gone"),
        ("true and steps.gone", "skip gone"),
        ("[1] | map(x => steps.gone)", "skip gone"),
    ]);
    all(&[
        ("inputs.n ?? steps.gone", "3"),
        ("false ? steps.gone : 1", "1"),
        ("false and steps.gone", "false"),
        ("[] | map(x => steps.gone)", "[]"),
    ]);
}

#[test]
fn lambdas_see_what_stands_around() {
    all(&[
        ("inputs.xs | map(x => x * inputs.n)", "[3, 6, 9]"),
        ("inputs.xs | map(x => inputs.xs | map(y => x * y) | sum)", "[6, 12, 18]"),
        ("inputs.xs | map((x, i) => [i, x]) | last", "[2, 3]"),
        ("inputs.xs | filter(x => x > 1) | map(x => x > 2 ? 'a' : 'b')", "['b', 'a']"),
        ("inputs.rows | map(inputs_ => inputs_.a)", "[1, 2]"),
        ("inputs.xs | map(x => [x] | map(x => x + 10) | first)", "[11, 12, 13]"),
    ]);
    wrong(&[("inputs.xs | filter(x => x)", "the lambda gives true or false, found an integer")]);
}

#[test]
fn texts_have_the_escapes_of_json() {
    all(&[(r#""a\"b" + 'c\'d' + "\u00e9\ud83d\ude00\n\\""#, "'a\"b' + \"c'd\" + 'é😀\n' + '\\\\'")]);
    wrong(&[
        (r#"'\x'"#, "KW0301 1..3 `\\x` is no escape"),
        (r#"'\ud83d'"#, "is no escape"),
        ("'abc", "KW0301 0..1 a text that begins here never ends"),
    ]);
}

#[test]
fn names_are_of_any_script_and_compared_in_nfc() {
    let mut world = World::new();
    world.steps.insert("caf\u{e9}".into(), dsl::value::Value::Int(1));
    world.names.insert("हिन्दी".into(), dsl::value::Value::Int(2));
    assert!(run("steps.cafe\u{301} + हिन्दी == 3", &world).is_ok_and(|value| value == true.into()));
}

#[test]
fn large_values_are_loaded_only_when_looked_into() {
    let mut world = World::new();
    let long = shared::json(&format!("[{}]", ["1"; 500].join(",")));
    let sealed = long.clone().sealed(100);
    let dsl::value::Value::Big(big) = &sealed else { panic!("it is long") };
    let reference =
        dsl::value::Value::Big(std::sync::Arc::new(dsl::value::Big { value: None, ..(**big).clone() }));
    world.steps.insert("long".into(), reference.clone());
    let passed = run("steps.long ?? 1", &world).unwrap();
    assert!(matches!(passed, dsl::value::Value::Big(_)));
    assert_eq!(run("len(steps.long)", &world), Err("limit: a large value is not at hand".into()));
    world.big.insert(big.hash, long);
    assert_eq!(run("len(steps.long) + steps.long[3]", &world), Ok(501.into()));
    assert_eq!(run("steps.long == steps.long and any(steps.long, x => x == 1)", &world), Ok(true.into()));
    assert_eq!(run("{ a: steps.long }.a[0]", &world), Ok(1.into()));
}

#[test]
fn secrets_stay_secrets_or_fail() {
    use dsl::value::{Hole, Value};
    let world = World::new();
    let hole = |text: &str| match run(text, &world) {
        Ok(Value::Hole(hole)) => (*hole).clone(),
        other => panic!("{text}: {other:?}"),
    };
    let name = || Hole::Name("T".into());
    assert_eq!(hole("secret('T')"), name());
    assert_eq!(hole("'Basic ' + base64('u:' + secret('T'))"), {
        let inner = Hole::Join(vec![Hole::Plain("u:".into()), name()]);
        Hole::Join(vec![Hole::Plain("Basic ".into()), Hole::Base64(Box::new(inner))])
    });
    assert_eq!(
        hole("hmac_sha256(secret('T'), 'm')"),
        Hole::Hmac(Box::new(name()), Box::new(Hole::Plain("m".into())))
    );
    wrong(&[
        ("upper(secret('T'))", "`upper` wants a text as `text`, found a secret"),
        ("json({ a: secret('T') })", "a secret cannot be written out here"),
        ("[secret('T')] | join", "a secret cannot be written out here"),
        ("secret('T').x", "a secret has no field"),
        ("secret('T') + 1", "found a secret and an integer"),
        ("csv([{ a: secret('T') }])", "a secret cannot be written out here"),
    ]);
}

#[test]
fn work_is_bounded() {
    wrong(&[
        ("range(1000000000)", "limit: the expression takes too many steps"),
        ("range(2000) | map(x => range(2000))", "limit"),
        ("range(400000) | map(x => 'abcdefghij' | pad(100)) | join | len", "limit"),
        ("pad('a', 100000000)", "limit: the result has more than 16 MB"),
        (
            "'a' | pad(1000000) | replace('a', pad('b', 1000000)) | replace(' ', 'abcdefghijklmnopqrstuvwxyz')",
            "limit",
        ),
    ]);
    // Shared parts make a value that is small in memory and huge when written.
    let huge = format!("[1]{}", " | map(x => [x, x])".repeat(40));
    wrong(&[
        (&huge, "limit"),
        (&format!("json({huge})"), "limit"),
        (&format!("({huge}) == ({huge})"), "limit"),
        (&format!("[{huge}, {huge}] | unique"), "limit"),
    ]);
    let deep = format!("[1]{}", " | map(x => [x])".repeat(60));
    wrong(&[(&deep, "limit: the result nests more than 56 deep")]);
}

#[test]
fn the_deepest_expression_fits_on_a_small_stack() {
    let world = World::new();
    let maps = (1..64)
        .map(|depth| format!("{}1{}", "map([1], x => ".repeat(depth), ")".repeat(depth)))
        .take_while(|text| !run(text, &world).is_err_and(|fault| fault.starts_with("KW")))
        .count();
    assert!(maps > 25, "{maps} lambdas nest");
    let deep = |open: &str, close: &str| run(&format!("{}1{}", open.repeat(60), close.repeat(60)), &world);
    assert_eq!(deep("(1 + ", ")"), Ok(61.into()));
    assert_eq!(deep("true ? ", " : 0"), Ok(1.into()));
    assert!(deep("[", "]").is_err_and(|fault| fault.starts_with("limit")));
    assert_eq!(deep("abs(", ")"), Ok(1.into()));
}

#[test]
fn a_seed_draws_the_same_again_and_another_each_time() {
    let world = World::new();
    let ids = run("range(3) | map(x => uuid())", &world).unwrap();
    assert_eq!(run("range(3) | map(x => uuid())", &world), Ok(ids.clone()));
    assert_eq!(run("range(3) | map(x => uuid()) | unique | len", &world), Ok(3.into()));
}

#[test]
fn every_function_keeps_the_promise_of_its_example() {
    for function in dsl::expr::functions::all() {
        let (text, value) = function.example.rsplit_once(" => ").expect(function.name);
        assert!(text.contains(function.name), "the example of `{}` calls it", function.name);
        all(&[(text, value)]);
    }
}
