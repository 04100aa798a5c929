"""The counter of energy, on trees and machines that are made up."""

import pytest

from autonas import power
from autonas.power import Counter


def domain(root, folder, name, energy=0, span=10**12):
    (root / folder).mkdir(parents=True)
    for file, content in (("name", name), ("energy_uj", energy), ("max_energy_range_uj", span)):
        (root / folder / file).write_text(f"{content}\n")
    return root / folder


class Machine:
    """A clock and a counter: it takes `rest` watts always, and 20 more while it runs, each run taking 2 ms."""

    def __init__(self, root, rest, energy=0, span=10**12):
        self.now, self.rest, self.span = 0.0, rest, span
        self.energy, self.file = float(energy), domain(root, "intel-rapl:0", "package-0", energy, span) / "energy_uj"

    def perf_counter(self):
        return self.now

    def sleep(self, seconds, watts=0.0):
        self.now += seconds
        self.energy += 1e6 * seconds * (self.rest + watts)
        self.file.write_text(f"{int(self.energy) % self.span}\n")

    def run(self):
        self.sleep(0.002, 20.0)


@pytest.mark.parametrize("rest", [0.0, 5.0, 100.0])
def test_what_the_machine_takes_at_rest_is_not_counted(tmp_path, monkeypatch, rest):
    machine = Machine(tmp_path, rest)
    monkeypatch.setattr(power, "time", machine)
    measured = power.millijoules(machine.run, Counter(tmp_path), seconds=0.5, rounds=4)
    assert measured == pytest.approx([40.0] * 4, rel=1e-3)  # 20 W for 2 ms
    assert machine.now == pytest.approx(4 * 2 * 0.5, abs=0.02)


def test_a_run_that_is_longer_than_a_stretch_is_compared_with_as_long_a_rest(tmp_path, monkeypatch):
    machine = Machine(tmp_path, rest=50.0)
    monkeypatch.setattr(power, "time", machine)
    assert power.millijoules(machine.run, Counter(tmp_path), seconds=0.0005, rounds=2) == pytest.approx(
        [40.0] * 2, rel=1e-3
    )


def test_a_counter_that_goes_on_from_zero_is_read_on(tmp_path, monkeypatch):
    machine = Machine(tmp_path, rest=10.0, energy=7_000_000, span=8_000_000)
    monkeypatch.setattr(power, "time", machine)
    assert power.millijoules(machine.run, Counter(tmp_path), seconds=0.1, rounds=8) == pytest.approx(
        [40.0] * 8, rel=1e-3
    )
    assert machine.energy > 3 * machine.span


def test_all_packages_count_and_their_parts_do_not(tmp_path):
    first = domain(tmp_path, "intel-rapl:0", "package-0", 100)
    second = domain(tmp_path, "intel-rapl:1", "package-1", 900, span=1000)
    domain(tmp_path, "intel-rapl:0:0", "core", 50)
    domain(tmp_path, "intel-rapl:2", "psys", 70)
    domain(tmp_path, "intel-rapl-mmio:0", "package-0", 100)  # the same package once more
    domain(tmp_path, "intel-rapl", "package-0", 100)
    counter = Counter(tmp_path)
    assert counter.packages == [first, second]
    assert counter.read() == [100, 900]
    assert counter.joules([100, 900], [400, 200]) == pytest.approx((300 + 300) / 1e6)


def test_what_cannot_be_read_is_no_counter(tmp_path, monkeypatch):
    assert Counter(tmp_path / "none").packages == []
    domain(tmp_path, "intel-rapl:0", "package-0", energy="")
    (domain(tmp_path, "intel-rapl:1", "package-1") / "max_energy_range_uj").unlink()
    forbidden = domain(tmp_path, "intel-rapl:2", "package-2") / "energy_uj"
    read = type(forbidden).read_text

    def read_text(path, *args):
        if path == forbidden:
            raise PermissionError(13, "Permission denied")
        return read(path, *args)

    monkeypatch.setattr(type(forbidden), "read_text", read_text)
    assert Counter(tmp_path).packages == []
