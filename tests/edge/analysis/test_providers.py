import pytest

from edge.analysis.providers import Accelerator, ProviderName, missing, provider_chain

EVERYTHING = tuple(ProviderName)


def names(available: tuple[str, ...], wanted: Accelerator) -> list[ProviderName]:
    return [provider.name for provider in provider_chain(available, wanted, "int8", 1)]


def test_the_fastest_available_provider_comes_first_and_the_processor_last() -> None:
    assert names(EVERYTHING, Accelerator.AUTO) == list(ProviderName)
    assert names(("CPUExecutionProvider", "CUDAExecutionProvider"), Accelerator.AUTO) == [
        ProviderName.CUDA,
        ProviderName.CPU,
    ]
    assert names(("AzureExecutionProvider", "CPUExecutionProvider"), Accelerator.AUTO) == [ProviderName.CPU]


@pytest.mark.parametrize("wanted", list(Accelerator))
def test_whatever_is_asked_for_the_processor_is_there_to_fall_back_on(wanted: Accelerator) -> None:
    assert names((), wanted) == [ProviderName.CPU]
    assert names(EVERYTHING, wanted)[-1] is ProviderName.CPU


def test_one_asked_for_by_name_is_tried_alone_and_missed_when_it_is_not_there() -> None:
    assert names(EVERYTHING, Accelerator.CUDA) == [ProviderName.CUDA, ProviderName.CPU]
    assert missing(EVERYTHING, Accelerator.CUDA) is None
    assert missing(("CPUExecutionProvider",), Accelerator.CUDA) is ProviderName.CUDA
    assert missing((), Accelerator.AUTO) is None


def test_precision_and_options_follow_the_provider() -> None:
    by_name = {item.name: item for item in provider_chain(EVERYTHING, Accelerator.AUTO, "int8", 3)}
    assert by_name[ProviderName.TENSORRT].precision == "int8+fp16"
    assert ("trt_int8_enable", "True") in by_name[ProviderName.TENSORRT].options
    assert ("num_of_threads", "3") in by_name[ProviderName.OPENVINO].options
    assert ("use_tf32", "0") in by_name[ProviderName.CUDA].options
    assert by_name[ProviderName.CPU].precision == "int8"
    assert [item.name for item in by_name.values() if item.slow_to_open] == [ProviderName.TENSORRT]
    floating = provider_chain(EVERYTHING, Accelerator.AUTO, "fp32", 1)[0]
    assert floating.precision == "fp16"
    assert "trt_int8_enable" not in dict(floating.options)
