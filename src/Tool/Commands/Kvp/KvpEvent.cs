// What an agent of a guest reports to its host through pairs: cloud-init's events (HyperVKvpReportingHandler), azure-init's
// diagnostics (libazureinit-kvp).

namespace VmBus.Tool;

/// <summary>An event, whole, of however many pairs.</summary>
internal sealed record KvpEvent
{
    /// <summary><c>cloud-init</c>, or the prefix of the keys, such as <c>azure-init-0.1.1</c>.</summary>
    public required string Agent { get; init; }

    /// <summary>cloud-init: the second since 1970 in which the guest was started; <see langword="null"/> with azure-init.</summary>
    public long? Incarnation { get; init; }

    /// <summary>The VM, as its host names it; <see langword="null"/> with older cloud-inits.</summary>
    public Guid? VmId { get; init; }

    /// <summary><c>start</c>, <c>finish</c>, <c>diagnostic</c>, <c>compressed</c> and others; azure-init: a level, such as <c>INFO</c>.</summary>
    public required string Type { get; init; }

    /// <summary>What it is about.</summary>
    public required string Name { get; init; }

    /// <summary>Tells events of one name apart; azure-init: the span.</summary>
    public required string Id { get; init; }

    /// <summary>When it was, as it is written there.</summary>
    public string? Time { get; init; }

    /// <summary><c>SUCCESS</c>, <c>WARN</c> or <c>FAIL</c>, of an end.</summary>
    public string? Result { get; init; }

    /// <summary>The text, its pieces put together.</summary>
    public required string Message { get; init; }

    /// <summary>Whether the text was compressed.</summary>
    public bool IsCompressed { get; init; }

    /// <summary>Whether a piece is missing, or is not what an agent writes.</summary>
    public bool IsDamaged { get; init; }
}
