namespace VmBus.InMemory;

/// <summary>What takes the interrupts of one SINT of one VP: the interrupt controller and the service routine behind it.</summary>
internal interface IInterruptSink
{
    /// <summary>
    /// An interrupt. Runs on the thread that signalled, outside every lock of the hypervisor, possibly on several
    /// threads at once. Must not throw.
    /// </summary>
    /// <param name="sint">The SINT, 0 to 15.</param>
    /// <param name="vector">The vector of its register.</param>
    void Interrupt(int sint, byte vector);
}
