namespace VmBus.Testing;

/// <summary>A device violated a law of <see cref="DeviceLaws"/>.</summary>
public sealed class DeviceLawException : VmBusException
{
    internal DeviceLawException(string law, int seed, string message, Exception? cause)
        : base($"{law} (seed {seed}): {message}", cause!)
    {
        Law = law;
        Seed = seed;
    }

    /// <summary>The law: the name of the method that checks it.</summary>
    public string Law { get; }

    /// <summary>The <see cref="DeviceSubject.Seed"/> that reproduces it.</summary>
    public int Seed { get; }
}
