import pytest

from utils.command_line import Parser


@pytest.fixture
def parser() -> Parser:
    parser = Parser(prog="tool.py")
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("read", example="tool.py read ink.svg").add_argument("file")
    write = commands.add_parser("write")
    write.add_argument("text", nargs="?")
    write.add_argument("--bias", type=float)
    write.add_argument("--several", type=float, nargs="+")
    return parser


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("write --bais 1", "there is no option --bais; did you mean --bias?"),
        ("write hello world", "'world' is an argument too many; put a text of several words in quotes"),
        ("write -- -x --bias 1", "--bias comes after --"),
        ("wriet hi", "there is no 'wriet'; did you mean write?"),
        ("read", "required: file, as in: tool.py read ink.svg"),
        ("write --bias one", "invalid float value: 'one' ("),
        ("write --several 1 hi", "'hi'; put a text before --several, which takes all words behind it"),
    ],
)
def test_a_mistake_is_named_in_one_line_with_what_was_meant(
    parser: Parser, words: str, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        parser.parse_args(words.split())
    out, err = capsys.readouterr()
    assert stop.value.code == 2 and out == "" and err.startswith("error: ") and err.count("\n") == 1 and named in err


def test_what_is_right_is_parsed(parser: Parser) -> None:
    args = parser.parse_args(["write", "hi", "--bias", "-1"])
    assert (args.text, args.bias) == ("hi", -1)


def test_help_ends_with_an_example(parser: Parser, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser.parse_args(["read", "--help"])
    assert capsys.readouterr().out.endswith("example:\n  tool.py read ink.svg\n")
