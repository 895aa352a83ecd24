namespace VmBus.SystemTest;

/// <summary>Something was not as it must be.</summary>
internal sealed class FailedException(string message) : Exception(message);
