"""Templates cannot get out, and cannot grow."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from jinja2 import DictLoader
from jinja2.exceptions import SecurityError, TemplateError, UndefinedError

from activation.delivery.sandbox import OUTPUT_LENGTH, TemplateSandbox

Render = Callable[..., str]


@pytest.fixture
def render() -> Render:
    def run(source: str, html: bool = False, **values: Any) -> str:
        name = "t.html.j2" if html else "t.txt.j2"
        return TemplateSandbox(DictLoader({name: source}), {}).get_template(name).render(values)

    return run


class Order:
    """Something with an inside."""

    total = 3

    def __init__(self) -> None:
        self._secret = "s3cret"


@pytest.mark.parametrize(
    "source",
    [
        "{{ order._secret }}",
        "{{ order.__class__ }}",
        "{{ order.__init__.__globals__ }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ order['__class__'] }}",
        "{{ order | attr('__class__') }}",
        "{{ '{0.__class__}'.format(order) }}",
        "{{ '%s' | format(order) }}",
        "{{ self.__init__.__globals__ }}",
        "{{ range.__globals__ }}",
        "{{ lipsum.__globals__ }}",
        "{{ cycler.__init__ }}",
        "{{ namespace(a=1).a }}",
        "{{ items.append(1) }}",
        "{{ fields.update({'a': 1}) }}",
        "{{ fields.items() }}",
        "{{ fields | map(attribute='__class__') | first }}",
        "{{ name.__class__ }}",
        "{{ '<b>' | safe }}",
        "{{ name.join(items) }}",
        "{% include '/etc/passwd' %}",
        "{% include '../t.txt.j2' %}",
        "{% import 'os' as os %}{{ os }}",
    ],
)
def test_there_is_no_way_out(render: Render, source: str) -> None:
    """Insides, globals, mutation, unescaping and other files are refused or simply not there."""
    fields, items = {"a": 1}, [1]
    with pytest.raises(TemplateError):
        render(source, order=Order(), items=items, fields=fields, name="Jane")
    assert (fields, items) == ({"a": 1}, [1])


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'a' * 10**9 }}",
        "{{ 9 * 'a' }}",
        "{{ [1] * 9 }}",
        "{{ 9 ** (9 ** 9) }}",
        "{{ 2 ** 100000 }}",
        "{{ '%999999999d' % 1 }}",
        "{{ name % 1 }}",
        "{{ 'a'.center(10**6) }}",
        "{{ 'a'.ljust(10**6) }}",
        "{{ 'a'.zfill(10**6) }}",
        "{{ 'a' | center(10**6) }}",
        "{{ 'a' | indent(10**6) }}",
        "{{ 'a\n' | wordwrap(1, wrapstring='b') }}",
        "{{ range(10**9) | list }}",
        "{{ range(0, 10**9) | length }}",
        "{% for _ in range(1001) %}{% endfor %}",
        "{% for _ in range(1000) %}{% for _ in range(1000) %}ab{% endfor %}{% endfor %}",
        "{{ big ~ big }}",
        "{{ big + big }}",
        "{{ [big, big] | join }}",
        "{{ [1, 2, 3] | join(big) }}",
        "{{ big | replace('a', 'aaa') }}",
        "{{ big.replace('a', 'aaa') }}",
        "{% set b %}{{ big }}{{ big }}{% endset %}{{ b | length }}",
        "{% macro m() %}{{ big }}{{ big }}{% endmacro %}{{ m() | length }}",
        "{% filter upper %}{{ big }}{{ big }}{% endfilter %}",
        "{{ big }}{{ big }}",
        "".join(f"{{% set a{n + 1} = a{n} ~ a{n} %}}" for n in range(40)),
        "".join(f"{{% set a{n + 1} = a{n} + a{n} %}}" for n in range(40)),
        "".join(f"{{% set a{n + 1} %}}{{{{ a{n} }}}}{{{{ a{n} }}}}{{% endset %}}" for n in range(40)),
    ],
)
def test_nothing_grows_without_bound(render: Render, source: str) -> None:
    """Multiplied, padded, doubled, looped: what would exceed the limit is refused before it is made."""
    with pytest.raises((TemplateError, OverflowError)):
        render(source, big="a" * (OUTPUT_LENGTH - 1), name="%999999999d", a0="aa")


@pytest.mark.parametrize(
    ("source", "output"),
    [
        ("{{ 2 * 3 + 2 ** 3 - 7 % 4 }}", "11"),
        ("{{ price * 3 }}", "5.40"),
        ("{{ 'a' + 'b' ~ 1 ~ none }}", "ab1None"),
        ("{{ [1, 2] + [3] }}", "[1, 2, 3]"),
        ("{{ [1, 2, 3] | join(', ') }}", "1, 2, 3"),
        ("{{ 'a-b' | replace('-', '+') }}", "a+b"),
        ("{{ name.strip() }}", "Jane"),
        ("{{ name | upper }} {{ name.startswith('J') }}", "JANE True"),
        ("{% for n in range(3) %}{{ loop.index }}{% endfor %}", "123"),
        ("{{ order.items | length }} {{ order.keys }}", "2 k"),
        ("{% for key, value in order | items %}{{ key }} {% endfor %}", "items keys "),
    ],
)
def test_ordinary_templates_work(render: Render, source: str, output: str) -> None:
    """Sums, joins, loops, text methods, and keys that are named like methods."""
    values = {"price": Decimal("1.80"), "name": "Jane", "order": {"items": [1, 2], "keys": "k"}}
    assert render(source, **values) == output


def test_concatenation_keeps_escaping(render: Render) -> None:
    """`~` and `join` escape text and leave alone what a macro has escaped."""
    source = "{% macro m(t) %}<i>{{ t }}</i>{% endmacro %}{{ m(x) ~ x }}|{{ [m(x), x] | join('<') }}|{{ x ~ x }}"
    output = render(source, html=True, x="<x>")
    assert output == ("<i>&lt;x&gt;</i>&lt;x&gt;|<i>&lt;x&gt;</i>&lt;&lt;x&gt;|&lt;x&gt;&lt;x&gt;")
    assert render("{{ x ~ x }}", x="<x>") == "<x><x>"


def test_what_is_undefined_fails(render: Render) -> None:
    """Whether alone or of something."""
    for source in ("{{ a }}", "{{ a.b }}", "{{ order.b }}", "{{ a ~ 'x' }}", "{% if a %}{% endif %}"):
        with pytest.raises(UndefinedError):
            render(source, order={})
    assert render("{{ a is defined }} {{ a | default('x') }}") == "False x"


def test_the_limit_is_the_limit(render: Render) -> None:
    """As much as fits goes through."""
    assert len(render("{{ big }}", big="a" * OUTPUT_LENGTH)) == OUTPUT_LENGTH
    with pytest.raises(SecurityError, match=re.escape(str(OUTPUT_LENGTH))):
        render("{{ big }}a", big="a" * OUTPUT_LENGTH)
