"""Three nodes of a real Ray cluster on this machine; one of them dies in the middle of a run."""

import threading
import time
from pathlib import Path

import pytest
from faulty import Draws, DrawsOnGpu, detect, photographs, rows, search_path

from gnomon.runs import read_run
from gnomon.scale import executor
from gnomon.scale.serial import SerialExecutor


@pytest.mark.slow
def test_each_gpu_of_a_cluster_has_a_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = pytest.importorskip("ray", reason="Ray is not installed")
    monkeypatch.setenv("PYTHONPATH", search_path())
    ray.shutdown()
    ray.init(num_cpus=4, num_gpus=2, log_to_driver=False, logging_level="error")
    try:
        pictures = photographs(tmp_path / "in", 60)
        detect(pictures, tmp_path / "run", executor("ray"), make=DrawsOnGpu(0.5))
    finally:
        ray.shutdown()
    assert set(read_run(tmp_path / "run").images["label"].to_pylist()) == {"0", "1"}


@pytest.mark.slow
def test_a_node_that_dies_costs_no_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ray = pytest.importorskip("ray", reason="Ray is not installed")
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("PYTHONPATH", search_path())
    pictures = photographs(tmp_path / "in", 200)
    detect(pictures, tmp_path / "whole", SerialExecutor(), make=Draws(0))
    ray.shutdown()
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
    killed = []

    def kill() -> None:
        parts = tmp_path / "run" / "images"
        while not parts.exists() or len(list(parts.iterdir())) < 3:
            time.sleep(0.05)
        cluster.remove_node(nodes[0], allow_graceful=False)
        killed.append(len(list(parts.iterdir())))

    try:
        ray.init(address=cluster.address, log_to_driver=False, logging_level="error")
        killer = threading.Thread(target=kill, daemon=True)
        killer.start()
        info = detect(pictures, tmp_path / "run", executor("ray"), make=Draws(0.2))
        killer.join(10)
    finally:
        ray.shutdown()
        cluster.shutdown()  # type: ignore[no-untyped-call]  # Ray's own
    assert killed
    assert killed[0] < 25
    assert (info.n_images, info.n_failures) == (200, 0)
    assert rows(tmp_path / "run") == rows(tmp_path / "whole")
