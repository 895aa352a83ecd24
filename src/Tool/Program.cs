return await VmBus.Tool.Product.RunAsync(args, VmBus.Tool.Engines.Product).ConfigureAwait(false);
