from distill.report.losses import read_log
from distill.train import log


def test_entries_are_read_as_they_were_written(tmp_path):
    path = tmp_path / "run" / "log.jsonl"
    log.append(path, {"step": 0, "mel": 3.0})
    log.append(path, {"step": 20, "mel": 2.0})
    assert path.read_text().count("\n") == 2
    assert read_log(path.parent) == {"mel": ([0, 20], [3.0, 2.0])}


def test_half_a_line_of_a_power_cut_costs_no_other(tmp_path):
    path = tmp_path / "log.jsonl"
    for torn in ('{"step": 20, "me', "\0\0\0"):
        path.write_text('{"step": 0, "mel": 3.0}\n' + torn)
        assert read_log(tmp_path) == {"mel": ([0], [3.0])}
        log.append(path, {"step": 20, "mel": 2.0})
        assert read_log(tmp_path) == {"mel": ([0, 20], [3.0, 2.0])}


def test_nothing_but_half_a_line(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text('{"st')
    log.append(path, {"step": 0, "mel": 3.0})
    assert path.read_text() == '{"step": 0, "mel": 3.0}\n'
