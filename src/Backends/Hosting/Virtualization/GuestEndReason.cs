namespace VmBus.Hosting;

/// <summary>How a guest ended.</summary>
internal enum GuestEndReason
{
    /// <summary>Its host stopped it.</summary>
    Stopped,

    /// <summary>It turned itself off.</summary>
    PoweredOff,

    /// <summary>It wants to restart.</summary>
    Reset,

    /// <summary>It reported a crash by Hyper-V's crash registers, and did not go on.</summary>
    Crashed,

    /// <summary>A processor met a fault that it could not tell of: a triple fault.</summary>
    TripleFault,

    /// <summary>A processor halted where no interrupt can wake it.</summary>
    Halted,

    /// <summary>The kernel or the processor could not run it on.</summary>
    Failed,
}
