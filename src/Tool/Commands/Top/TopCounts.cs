namespace VmBus.Tool;

/// <summary>The counters of a channel, as totals or as rates; <see langword="null"/> for what the kernel does not tell.</summary>
/// <typeparam name="T">The type of a number.</typeparam>
/// <param name="Interrupts"><c>interrupts</c>: interrupts of the host.</param>
/// <param name="Events"><c>events</c>: signals of the guest by hypercall.</param>
/// <param name="InterruptsInFull"><c>intr_in_full</c>: signals because room was made in a full ring.</param>
/// <param name="InterruptsOutEmpty"><c>intr_out_empty</c>: signals because an empty ring was written.</param>
/// <param name="OutgoingFullFirst"><c>out_full_first</c>: times the outgoing ring became full.</param>
/// <param name="OutgoingFullTotal"><c>out_full_total</c>: writes that found it full.</param>
internal sealed record TopCounts<T>(T? Interrupts, T? Events, T? InterruptsInFull, T? InterruptsOutEmpty, T? OutgoingFullFirst, T? OutgoingFullTotal)
    where T : struct
{
    /// <summary>Nothing known.</summary>
    public static TopCounts<T> Unknown { get; } = new(null, null, null, null, null, null);
}
