namespace VmBus.Hosting;

/// <summary>A device broke a rule by what it did not do: it did not answer in time, did not end, or ended too early.</summary>
public sealed class DeviceFaultException : VmBusException
{
    /// <summary>Makes the error.</summary>
    /// <param name="message">Which channel, which rule, which limit.</param>
    public DeviceFaultException(string message) : base(message)
    {
    }
}
