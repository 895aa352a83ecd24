namespace VmBus.Hosting;

/// <summary>A device broke a rule without throwing: it did not answer in time, did not end, or ended too early.</summary>
public sealed class DeviceFaultException : VmBusException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">Which channel, which rule, which limit.</param>
    public DeviceFaultException(string message) : base(message)
    {
    }
}
